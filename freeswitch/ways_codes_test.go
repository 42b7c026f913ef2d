package freeswitch_test

import (
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (w *ways) pinAndAuthenticator(t *testing.T) {
	begun := time.Now()
	code, err := totp.GenerateCode(w.bank[0].TOTP, begun)
	require.NoError(t, err)
	c := w.dials(t, "passed-5200", w.bank[0].Phones)
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(w.bank[0].PIN)
	c.AwaitAsked(t, "ask-totp", 1, askedWithin)
	c.Press(code)
	w.isAt(t, c, "banking", verifiedAs(w.bank[0], "3", "ani,pin,totp"))

	again := w.dials(t, "passed-5200", w.bank[0].Phones)
	again.AwaitAsked(t, "ask-pin", 1, askedWithin)
	again.Press(w.bank[0].PIN)
	again.AwaitAsked(t, "ask-totp", 1, askedWithin)
	again.Press(code)
	again.AwaitAsked(t, "ask-totp-again", 1, askedWithin)
	require.Less(t, time.Since(begun), 30*time.Second, "the code would count, had it not been used; too slow to show it")
	next, err := totp.GenerateCode(w.bank[0].TOTP, time.Now().Add(30*time.Second)) // one step of the clock is allowed for
	require.NoError(t, err)
	again.Press(next)
	j := w.isAt(t, again, "banking", verifiedAs(w.bank[0], "3", "ani,pin,totp"))
	assert.Contains(t, j.Story(), "step_finished totp passed rejected accepted")
}

func (w *ways) pinAndSMSCode(t *testing.T) {
	c := w.dials(t, "5200", numberOf(778, 1))
	c.AwaitAsked(t, "language-2", 1, askedWithin)
	c.Press("2")
	keysAccountAndPIN(t, c, w.bank[1])
	c.AwaitAsked(t, "ask-code", 1, askedWithin)
	c.Press(w.catcher.Code(t, w.bank[1].Phones, 1))
	c.AwaitAsked(t, "remember-number", 1, askedWithin)
	c.Press("2")
	j := w.isAt(t, c, "banking", verifiedAs(w.bank[1], "3", "account,pin,sms_code"))
	assert.Subset(t, j.Story(), []string{"step_finished ani skipped untrusted", "step_finished language passed accepted",
		"step_finished totp skipped not_enrolled"})
	played := c.Played()
	assert.Equal(t, []string{"ask-account", "read-back", "digit-3", "digit-0", "digit-0", "digit-0", "digit-4", "digit-1",
		"read-back-confirm", "ask-pin"},
		played[len(played)-14:len(played)-4], "%v", played)
	assert.Contains(t, w.catcher.To(w.bank[1].Phones)[0].Text, "Your code")
}

func (w *ways) inGerman(t *testing.T) {
	c := w.dials(t, "5200", numberOf(778, 2))
	c.AwaitAsked(t, "language-2", 1, askedWithin)
	before := len(c.files())
	c.Press("1")
	keysAccountAndPIN(t, c, w.bank[2])
	c.AwaitAsked(t, "ask-code", 1, askedWithin)
	c.Press(w.catcher.Code(t, w.bank[2].Phones, 1))
	c.AwaitAsked(t, "remember-number", 1, askedWithin)
	c.Press("2")
	w.isAt(t, c, "banking", verifiedAs(w.bank[2], "3", "account,pin,sms_code"))
	for _, file := range c.files()[before:] {
		assert.Contains(t, file, "/prompts/de/")
	}
	assert.Contains(t, w.catcher.To(w.bank[2].Phones)[0].Text, "Ihr Code")
}

func (w *ways) aNewTelephone(t *testing.T) {
	c := w.dials(t, "passed-5200", numberOf(778, 6))
	c.AwaitAsked(t, "language-2", 1, askedWithin)
	c.Press("2")
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press(w.bank[6].Account) // and no reading back: the network vouches for the caller's own number
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press(w.bank[6].PIN)
	c.AwaitAsked(t, "ask-code", 1, askedWithin)
	c.Press(w.catcher.Code(t, w.bank[6].Phones, 1))
	c.AwaitAsked(t, "remember-number", 1, askedWithin)
	c.Press("1")
	w.isAt(t, c, "banking", verifiedAs(w.bank[6], "3", "account,pin,sms_code"))
	assert.Contains(t, c.Played(), "number-remembered")

	again := w.dials(t, "passed-5200", numberOf(778, 6))
	again.AwaitAsked(t, "ask-pin", 1, askedWithin)
	again.HangUp()
	again.Record(t)
	assert.Contains(t, w.Events.Journey(t, again).Story(), `identified B-6 "Rhea Membered" by ani`)
}
