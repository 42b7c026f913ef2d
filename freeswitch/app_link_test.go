package freeswitch_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// linkLine verifies on the customer's own page.
const linkLine = `format: 1
line: default
numbers: ["*"]
identify:
  - ani: {}
verify:
  questions:
    - app_link: {}
routes:
  verified: menu XML default
  identified: agents XML default
`

// customerPhone is the telephone on which a customer opens the link of a message.
type customerPhone struct {
	*http.Client
	site *site
	// link is the last part of its address, secrets that and the cookies.
	link    string
	secrets []string
}

func (s *site) customerPhone(t *testing.T, message string) *customerPhone {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	_, link, is := strings.Cut(message, "/my/link/")
	require.True(t, is, message)
	p := &customerPhone{Client: &http.Client{Jar: jar, Timeout: time.Minute}, site: s, link: link, secrets: []string{link}}
	got, err := p.Get("http://" + s.Service.API + "/my/link/" + link)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	assert.Contains(t, p.post(t, "/my/open"), "Did you call us?")
	at, err := url.Parse("http://" + s.Service.API)
	require.NoError(t, err)
	for _, c := range jar.Cookies(at) {
		p.secrets = append(p.secrets, c.Value)
	}
	return p
}

func (p *customerPhone) post(t *testing.T, path string, form ...string) string {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	got, err := p.PostForm("http://"+p.site.Service.API+path, values)
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode, string(body))
	return string(body)
}

// spoken are the digits that a call has heard last.
func (c *call) spoken() (digits string) {
	for _, name := range c.Played() {
		if d, is := strings.CutPrefix(name, "digit-"); is {
			digits += d
		}
	}
	return digits[max(0, len(digits)-2):]
}

func TestACallerConfirmsOnTheirPage(t *testing.T) {
	t.Parallel()
	const calling, denies = "+15551237101", "+15551237102"
	caught := startCatcher(t)
	s := startSite(t, serviceOptions{
		Customers: []customer{{ID: "L-1", Name: "Ada Lovelace", Phones: calling}, {ID: "L-2", Name: "Bea", Phones: denies}},
		Line:      linkLine, Settings: caught.Settings,
	})
	rings := func(from string) (*call, *customerPhone) {
		c := callWithSIPp(t, s.freeSWITCH, dial{From: from})
		c.AwaitAsked(t, "ask-app-link", 1, askedWithin)
		messages, err := caught.Wait(t.Context(), from, 1)
		require.NoError(t, err)
		return c, s.customerPhone(t, messages[0].Text)
	}
	c, p := rings(calling)
	c.Press("5") // any key repeats the digits
	c.AwaitAsked(t, "ask-app-link-again", 1, askedWithin)
	pressed := time.Now()
	assert.Contains(t, p.post(t, "/my/proof/digits", "digits", c.spoken()), "Please go on with your call.")
	c.AwaitAt(t, "default", "menu", saidWithin)
	r := c.Record(t)
	assert.Equal(t, result{Status: "verified", Level: "2", Reason: "ok", Methods: "ani,app_link", Customer: "L-1"},
		r.result())
	j := s.Events.Journey(t, c)
	assert.Contains(t, j.Story(), "step_finished app_link passed served accepted")
	for _, e := range j {
		if e.Fact() == event.FactProofConfirmed {
			t.Logf("the call knew it %s after the customer pressed the button", e.Time.Sub(pressed))
		}
	}

	c, no := rings(denies)
	c.Press("5") // and not the whole prompt
	c.AwaitAsked(t, "ask-app-link-again", 1, askedWithin)
	assert.Contains(t, no.post(t, "/my/proof/deny"), "Thank you for telling us.")
	c.AwaitAt(t, "default", "agents", saidWithin)
	r = c.Record(t)
	assert.Equal(t, result{Status: "identified", Level: "1", Reason: "denied", Methods: "ani", Customer: "L-2"}, r.result())

	all := s.places(t, s.Service)
	links := secret{what: "a link, or a visit's cookie", texts: append(p.secrets, no.secrets...)}
	assert.Empty(t, all.leaks(links))
	all["planted"] = []byte("x " + p.link + " y")
	assert.Len(t, all.leaks(links), 1)
}
