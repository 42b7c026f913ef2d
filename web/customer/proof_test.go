package customer

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/applink"
)

// other are digits that are not these.
func other(digits string) string {
	return strings.Map(func(r rune) rune { return '0' + (r-'0'+1)%10 }, digits)
}

func TestACustomerWithoutAPasskeyConfirmsWithTheDigits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	link, digits := h.asks("C-1", "call-1")
	p := h.phone()
	got := p.opens(link)
	for _, text := range []string{"Did you call us?", "<strong>retail</strong>", "since", "No, somebody called me"} {
		assert.Contains(t, got.text, text)
	}
	read := regexp.MustCompile(`(?s)<time.*?</time>|<[^>]*>`).ReplaceAllString(got.text, "")
	assert.NotRegexp(t, `\b`+digits+`\b`, read, "they go from the call to the page, never back")
	assert.Equal(t, applink.Shown, h.state("C-1", "call-1"))
	assert.Contains(t, p.post("/my/proof/digits", "digits", other(digits)).text, "Tries left: 2.")
	assert.Contains(t, p.post("/my/proof/digits", "digits", digits).text, "Please go on with your call.")
	q, err := h.book.Look(t.Context(), "C-1", "call-1")
	require.NoError(t, err)
	assert.Equal(t, applink.Confirmed, q.State)
	assert.False(t, q.Passkey)
	for _, kept := range []string{h.log.String(), got.path} {
		assert.NotContains(t, kept, link[len(link)-secretLength:])
	}
}

// A fraudster is on our line, and the customer has the page: it names a call that they did not make, and digits that they
// do not hear.
func TestARelayIsDenied(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	link, _ := h.asks("C-1", "call-of-the-fraudster")
	p := h.phone()
	got := p.opens(link)
	assert.Contains(t, got.text, "Somebody who says that they are you is calling")
	assert.Contains(t, got.text, "If a person told you these digits, or called you, press «No».")
	assert.Contains(t, p.post("/my/proof/deny").text, "Thank you for telling us.")
	assert.Equal(t, applink.Denied, h.state("C-1", "call-of-the-fraudster"))
	require.Len(t, h.alarms, 1)
	assert.Equal(t, "call-of-the-fraudster", h.alarms[0].Call)
	p.post("/my/proof/deny")
	assert.Len(t, h.alarms, 1, "once")
}

func TestACustomerWhoDoesNotKnowTheDigitsGetsThreeTries(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	link, digits := h.asks("C-1", "call-1")
	p := h.phone()
	p.opens(link)
	for range applink.Tries - 1 {
		p.post("/my/proof/digits", "digits", other(digits))
	}
	assert.Contains(t, p.post("/my/proof/digits", "digits", other(digits)).text, "wrong too often")
	p.post("/my/proof/digits", "digits", digits)
	assert.Equal(t, applink.Void, h.state("C-1", "call-1"))
}

func TestOnlyThePageOfItsOwnLinkAnswersACall(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	link, digits := h.asks("C-1", "call-1")
	plain := h.phone()
	plain.opens(h.link("C-1", ForPage, ""))
	another := h.phone()
	another.opens(h.link("C-1", ForProof, "call-2"))
	stranger := h.phone()
	stranger.opens(h.link("C-2", ForProof, "call-1"))
	for name, p := range map[string]*phone{
		"the customer's own page": plain, "another call's link": another, "another customer's": stranger, "nobody's": h.phone(),
	} {
		for _, path := range []string{"/my/proof/digits", "/my/proof/deny", "/my/proof/confirm"} {
			p.post(path, "digits", digits)
		}
		assert.Equal(t, applink.Sent, h.state("C-1", "call-1"), name)
	}
	assert.Empty(t, h.alarms)

	// The digits of another call are not those of this one, and a forwarded link is good for one telephone alone.
	first, second := h.phone(), h.phone()
	first.get(link)
	second.get(link)
	require.Equal(t, http.StatusOK, first.post("/my/open").status)
	assert.Equal(t, http.StatusGone, second.post("/my/open").status)
	first.post("/my/proof/digits", "digits", digits)
	assert.Equal(t, applink.Confirmed, h.state("C-1", "call-1"))
}

func TestAnExpiredQuestionConfirmsNothingAndCanStillBeDenied(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	link, digits := h.asks("C-1", "call-1")
	h.later(applink.Lifetime)
	p := h.phone()
	got := p.opens(link)
	assert.Contains(t, got.text, "The call does not wait any more.")
	p.post("/my/proof/digits", "digits", digits)
	p.post("/my/proof/confirm")
	assert.Equal(t, applink.Over, h.state("C-1", "call-1"))
	assert.Contains(t, p.post("/my/proof/deny").text, "Thank you for telling us.")
	assert.Len(t, h.alarms, 1)
}

func TestALinkInAMessageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	m := &Messages{Links: h.links, Brand: "Sample Bank", Tell: h.tell, Now: h.now}
	links := AppLinks{h.book, m}
	q := applink.Question{Customer: "C-1", Call: "call-1", Line: "retail"}
	digits, err := links.Ask(t.Context(), "+4917139200001", "de-AT", q, applink.Lifetime)
	require.NoError(t, err)
	require.Len(t, h.messages, 1)
	assert.Contains(t, h.messages[0], "+4917139200001 Sample Bank: Rufen Sie uns gerade an?")
	link := h.messages[0][strings.Index(h.messages[0], "http"):]
	words := strings.TrimPrefix(strings.TrimSuffix(h.messages[0], link), "+4917139200001")
	assert.NotRegexp(t, `[0-9]`, words, "not the digits")
	defer digits.Wipe()
	p := h.phone()
	p.opens(link)
	q, err = links.Look(t.Context(), "C-1", "call-1")
	require.NoError(t, err)
	assert.True(t, links.Changed(t.Context(), applink.Question{Customer: "C-1", Call: "call-1", State: applink.Sent}))
	assert.False(t, links.Changed(t.Context(), q))
	_, err = links.Ask(t.Context(), "+4917139200001", "en", applink.Question{Customer: "C-1", Call: "call-2"}, applink.Lifetime)
	assert.ErrorIs(t, err, applink.ErrBusy)
	assert.Len(t, h.messages, 1)
}
