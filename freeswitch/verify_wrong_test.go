package freeswitch_test

import (
	"strings"
	"testing"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
)

func (b *bankSite) oneSlip(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230001"})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("246814#")
	c.AwaitAsked(t, "ask-pin-again", 1, askedWithin)
	c.Press("246813#")
	_, j := b.isHandedOn(t, c, "menu", verifiedAs(people["known"], "2", "ani,pin"))
	assert.Contains(t, j.Story(), "step_finished pin passed rejected accepted")
}

func (b *bankSite) threeWrongPINs(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230004"})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("271829#")
	c.AwaitAsked(t, "ask-pin-again", 1, askedWithin)
	c.Press("271820#")
	c.AwaitAsked(t, "ask-pin-again", 2, askedWithin)
	c.Press("271821#")
	c.AwaitAsked(t, "ask-account", 1, askedWithin) // who knows who has this telephone
	c.Press("*")
	_, j := b.isHandedOn(t, c, "agents", result{Status: "identified", Level: "1", Reason: "wrong_answer", Methods: "ani",
		Customer: "C-4"})
	assert.Subset(t, j.Story(), []string{
		"step_finished pin failed wrong_answer rejected rejected rejected", "failed wrong_answer at pin, identified C-4",
		"step_finished failure passed", "routed identified to agents XML default",
		"call_ended routed identified wrong_answer",
	})
	assert.NotContains(t, strings.Join(j.Story(), "\n"), "verified")
}

func (b *bankSite) anAccountThatNobodyHas(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: numberOf(779, 1)})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("899999#")
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("271828#")
	c.AwaitAsked(t, "ask-pin-again", 1, askedWithin)
	c.Press("271829#")
	c.AwaitAsked(t, "ask-pin-again", 2, askedWithin)
	c.Press("271820#")
	_, j := b.isHandedOn(t, c, "agents", result{Status: "none", Level: "0", Reason: "not_found"})
	assert.Subset(t, j.Story(), []string{
		"step_finished account failed not_found rejected", "step_finished pin failed not_found rejected rejected rejected",
		"failed not_found at account, none", "routed unidentified to agents XML default",
	})
}

func (b *bankSite) aMistypedAccount(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: numberOf(779, 2)})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("100024#246813#")
	c.AwaitAsked(t, "ask-pin-again", 1, askedWithin) // more than 2 s after it began to say what was wrong
	c.Press("#")
	c.AwaitAsked(t, "ask-account", 2, askedWithin)
	c.Press("100042#246813#")
	_, j := b.isHandedOn(t, c, "menu", verifiedAs(people["known"], "2", "account,pin"))
	assert.Subset(t, j.Story(), []string{
		"step_finished account failed not_found rejected", "step_finished pin skipped corrected rejected served",
		"step_finished account passed accepted", "step_finished pin passed accepted",
	})
}

func (b *bankSite) silence(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: stranger})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.AwaitAsked(t, "ask-account-again", 2, 2*askedWithin)
	c.AwaitAt(t, "default", "agents", 3*askedWithin)
	_, j := b.isHandedOn(t, c, "agents", result{Status: "none", Level: "0", Reason: "no_input"})
	assert.Subset(t, j.Story(), []string{"step_finished account failed no_input no_input no_input no_input",
		"routed unidentified to agents XML default"})
}

func (b *bankSite) theStarKeyForTheAccount(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: stranger})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("*")
	_, j := b.isHandedOn(t, c, "agents", result{Status: "none", Level: "0", Reason: "opted_out"})
	assert.Contains(t, j.Story(), "step_finished account opted_out opted_out opted_out")
}

func (b *bankSite) theStarKeyInThePIN(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230001"})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("246*")
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("*")
	_, j := b.isHandedOn(t, c, "agents", result{Status: "identified", Level: "1", Reason: "opted_out", Methods: "ani",
		Customer: "C-1"})
	assert.Contains(t, j.Story(), "step_finished pin opted_out opted_out opted_out")
}

func (b *bankSite) hungUpInThePIN(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230005"})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	const partial = "314"
	c.Press(partial)
	r := c.Record(t)
	for name, value := range r.Variables {
		assert.NotEqual(t, partial, value, "the digits are in the variable %s", name)
	}
	assert.NotContains(t, r.Variables, "cs_digits")
	assert.Equal(t, "none", r.Variables["digits_dialed"])
	assert.NotContains(t, linesOf(b.log(t), c.Leg(t)), "DTMF ")
	j := b.Events.Journey(t, c)
	assert.Equal(t, []string{"step_finished pin abandoned hung_up abandoned", "call_ended abandoned identified hung_up"},
		j.Story()[len(j)-2:])
	assert.Equal(t, "NORMAL_CLEARING", fact[event.CallEnded](t, j).Cause)
}

// linesOf picks the lines of a log that speak of a leg.
func linesOf(log, leg string) string {
	var of []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, leg) {
			of = append(of, line)
		}
	}
	return strings.Join(of, "")
}
