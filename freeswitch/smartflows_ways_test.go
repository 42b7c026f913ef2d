package freeswitch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func (f *smartflows) twoWrongPassphrases(t *testing.T) {
	c := f.begins(t, 0, dial{Wide: true})
	c.AwaitListened(t, 1, askedWithin)
	c.Say(t, f.customers[1].Passphrase)
	c.AwaitListened(t, 2, askedWithin)
	c.Say(t, f.customers[2].Passphrase)
	f.keysTheCode(t, c, 0, askedWithin)
	j := f.isVerified(t, c, 0, "phone,sms_code")
	assert.Equal(t, []string{
		"greeting", "have-account", "ask-phone", "ask-passphrase", "not-right-1", "ask-passphrase-again", "code-sent",
		"ask-code", "confirmation-name",
	}, c.Played()[:9])
	assert.Equal(t, []string{
		"call_started", "step_started greeting", "step_finished greeting passed",
		"step_started ani", "step_finished ani skipped not_found",
		"step_started have_account", "step_finished have_account passed accepted",
		"step_started phone", "step_finished phone passed accepted", `identified F-0 "Ada Lovelace" by phone`,
		"step_started passphrase", "step_finished passphrase failed wrong_answer rejected rejected",
		"step_started sms_code", "code_sent sms sent " + f.customers[0].Phones[len(f.customers[0].Phones)-2:],
		"step_finished sms_code passed accepted",
		`verified F-0 "Ada Lovelace" level 2 by [phone sms_code]`,
		"step_started confirmation", "step_finished confirmation passed",
		"routed verified to menu XML default", "call_ended routed verified ok",
	}, j.Story())
}

func (f *smartflows) threeWrongCodes(t *testing.T) {
	c := f.begins(t, 1, dial{Wide: true})
	c.AwaitListened(t, 1, askedWithin)
	c.Say(t, f.customers[0].Passphrase)
	c.AwaitListened(t, 2, askedWithin)
	c.Say(t, f.customers[2].Passphrase)
	c.AwaitAsked(t, "ask-code", 1, askedWithin)
	code := f.catcher.Code(t, f.customers[1].Phones, 1)
	c.Press(otherDigits(code, 1))
	for nth := 1; nth <= 2; nth++ {
		c.AwaitAsked(t, "ask-code-again", nth, askedWithin)
		c.Press(otherDigits(code, byte(1+nth)))
	}
	c.AwaitAt(t, "default", "agents", saidWithin)
	c.Hears(t, ringing, heardWithin)
	r := c.Record(t)
	assert.Equal(t, result{Status: "identified", Level: "1", Reason: "wrong_answer", Methods: "phone", Customer: "F-1"},
		r.result())
	assert.Equal(t, []string{
		"greeting", "have-account", "ask-phone", "ask-passphrase", "not-right-1", "ask-passphrase-again", "code-sent",
		"ask-code", "not-right-1", "ask-code-again", "not-right-2", "ask-code-again", "failure",
	}, c.Played(), "nobody is called by name")
	assert.Subset(t, f.Events.Journey(t, c).Story(), []string{
		"step_finished sms_code failed wrong_answer rejected rejected rejected",
		"failed wrong_answer at sms_code, identified F-1",
		"routed identified to agents XML default",
	})
	assert.Len(t, f.catcher.To(f.customers[1].Phones), 1)
}

func (f *smartflows) theRightPassphrase(t *testing.T) {
	c := f.begins(t, 3, dial{Wide: true})
	c.SayUntilHeard(t, f.customers[3].Passphrase)
	j := f.isVerified(t, c, 3, "phone,passphrase")
	assert.Regexp(t, "step_finished passphrase passed .*accepted", j.String())
	assert.Empty(t, f.catcher.To(f.customers[3].Phones), "no message is sent to somebody who needs none")
}

func (f *smartflows) theStarKey(t *testing.T) {
	c := f.begins(t, 5, dial{Wide: true})
	c.AwaitListened(t, 1, askedWithin)
	c.Press("*")
	f.keysTheCode(t, c, 5, askedWithin)
	assert.Contains(t, f.isVerified(t, c, 5, "phone,sms_code").Story(),
		"step_finished passphrase opted_out opted_out opted_out")
}

func (f *smartflows) silence(t *testing.T) {
	c := f.begins(t, 6, dial{Wide: true})
	f.keysTheCode(t, c, 6, time.Minute)
	assert.Contains(t, f.isVerified(t, c, 6, "phone,sms_code").Story(),
		"step_finished passphrase failed no_input no_input no_input")
}

func (f *smartflows) talksAndTalks(t *testing.T) {
	c := f.begins(t, 7, dial{Wide: true})
	for nth := 1; nth <= 2; nth++ {
		c.AwaitListened(t, nth, time.Minute)
		c.Say(t, babble)
	}
	f.keysTheCode(t, c, 7, time.Minute)
	story := f.isVerified(t, c, 7, "phone,sms_code").Story()
	assert.Condition(t, func() bool {
		return slices.ContainsFunc(story, func(line string) bool {
			return strings.HasPrefix(line,
				"step_finished passphrase failed ")
		})
	}, "%v", story)
}

func (f *smartflows) narrowband(t *testing.T) {
	c := f.begins(t, 8, dial{})
	f.keysTheCode(t, c, 8, askedWithin)
	assert.Contains(t, f.isVerified(t, c, 8, "phone,sms_code").Story(), "step_finished passphrase error unavailable error")
}

func (f *smartflows) noEngine(t *testing.T) {
	c := f.begins(t, 4, dial{Wide: true, To: "5101"})
	f.keysTheCode(t, c, 4, askedWithin)
	assert.Contains(t, f.isVerified(t, c, 4, "phone,sms_code").Story(), "step_finished passphrase error unavailable error")
}

func (f *smartflows) noAccount(t *testing.T) {
	c := callWithSIPp(t, f.freeSWITCH, dial{From: numberOf(777, 99), To: "5100"})
	c.AwaitAsked(t, "have-account", 1, askedWithin)
	c.Press("2")
	c.AwaitAt(t, "default", "agents", saidWithin)
	assert.Equal(t, result{Status: "none", Level: "0", Reason: "opted_out"}, c.Record(t).result())
}
