package freeswitch_test

import (
	"testing"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
)

func (w *ways) aSlipInTheAccount(t *testing.T) {
	c := w.dials(t, "5200", numberOf(778, 3))
	c.AwaitAsked(t, "language-2", 1, askedWithin)
	c.Press("2")
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("300048") // nobody's
	c.AwaitAsked(t, "read-back-confirm", 1, askedWithin)
	c.Press("2")
	c.AwaitAsked(t, "ask-account-again", 1, askedWithin)
	c.Press(w.bank[3].Account)
	c.AwaitAsked(t, "read-back-confirm", 2, askedWithin)
	c.Press("1")
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.HangUp()
	c.Record(t)
	j := w.Events.Journey(t, c)
	assert.Contains(t, j.Story(), "step_finished account passed no_match accepted")
	assert.Equal(t, event.EndAbandoned, fact[event.CallEnded](t, j).End)
}

func (w *ways) aCheckDigit(t *testing.T) {
	c := w.dials(t, "5200", numberOf(778, 4))
	c.AwaitAsked(t, "language-2", 1, askedWithin)
	c.Press("2")
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("*")
	c.AwaitAsked(t, "ask-tracking", 1, askedWithin)
	c.Press("1234567890") // a slip
	c.AwaitAsked(t, "ask-tracking-again", 1, askedWithin)
	c.Press(w.bank[4].Tracking)
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.HangUp()
	c.Record(t)
	assert.Subset(t, w.Events.Journey(t, c).Story(), []string{
		"step_finished account opted_out opted_out opted_out", "step_finished tracking passed no_match accepted",
		`identified B-4 "Tracy King" by tracking`,
	})
}

func (w *ways) aPolicyWithLetters(t *testing.T) {
	c := w.dials(t, "5600", numberOf(778, 9))
	c.AwaitAsked(t, "letters", 1, askedWithin)
	c.Press("22123453")
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(w.insured[2].PIN)
	w.isAt(t, c, "agents", verifiedAs(w.insured[2], "2", "policy,pin"))
}

func (w *ways) policiesWithTheSameKeys(t *testing.T) {
	c := w.dials(t, "5600", numberOf(778, 7))
	c.AwaitAsked(t, "letters", 1, askedWithin)
	c.Press("22123412")
	c.AwaitAsked(t, "ask-phone", 1, askedWithin)
	c.Press("2125550181#")
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(w.insured[1].PIN)
	j := w.isAt(t, c, "agents", verifiedAs(w.insured[1], "2", "phone,pin"))
	assert.Subset(t, j.Story(), []string{
		"step_finished policy skipped several accepted", "step_finished phone passed accepted",
		`identified P-1 "Cal Second" by phone`,
	})
}

func (w *ways) aVouchedNumber(t *testing.T) {
	c := w.dials(t, "passed-5200", w.bank[5].Phones)
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	assert.Contains(t, c.files()[len(c.files())-1], "/prompts/de/", "in the customer's language, without asking")
	c.HangUp()
	c.Record(t)
	j := w.Events.Journey(t, c)
	assert.Contains(t, j.Story(), `identified B-5 "Ursula Attested" by ani`)
	assert.Equal(t, "A", fact[event.CallStarted](t, j).Attestation)
}

func (w *ways) anUntrustedNumber(t *testing.T) {
	for to, headers := range map[string][]string{"failed-5200": nil, "passed-5200": {"P-Attestation-Indicator: B"},
		"5200": nil} {
		c := w.dials(t, to, w.bank[5].Phones, headers...)
		c.AwaitAsked(t, "language-2", 1, askedWithin)
		c.HangUp()
		c.Record(t)
		assert.Contains(t, w.Events.Journey(t, c).Story(), "step_finished ani skipped untrusted", "%s %v", to, headers)
	}
}
