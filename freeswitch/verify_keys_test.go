package freeswitch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func (b *bankSite) typedAhead(t *testing.T, who customer, keys string) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: stranger})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press(keys)
	_, j := b.isHandedOn(t, c, "menu", verifiedAs(who, "2", "account,pin"))
	assert.Subset(t, j.Story(), []string{"step_finished account passed accepted", "step_finished pin passed accepted"},
		"a hash key too many counts as nothing")
}

func (b *bankSite) aLateHashKey(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: stranger})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("1000420017")
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("#")
	c.AwaitAsked(t, "ask-pin", 2, askedWithin)
	c.Press("482915#")
	_, j := b.isHandedOn(t, c, "menu", verifiedAs(people["long"], "2", "account,pin"))
	assert.Subset(t, j.Story(), []string{"step_finished account passed accepted", "step_finished pin passed accepted"})
}

func (b *bankSite) aShortPIN(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: stranger})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("100077#")
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("0583")
	b.isHandedOn(t, c, "menu", verifiedAs(people["short"], "2", "account,pin"))
}
