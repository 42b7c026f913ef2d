package freeswitch_test

import (
	"testing"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (b *bankSite) aWithheldNumber(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230006", Hidden: true})
	arrived := c.AwaitAt(t, "public", "5000", arriveWithin)
	require.True(t, arrived.Hidden)
	require.Equal(t, "+15551230006", arrived.Number,
		"FreeSWITCH does know the number; if this fails, the test proves nothing")
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("100046#")
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("577215#")
	_, j := b.isHandedOn(t, c, "menu", verifiedAs(people["hidden"], "2", "account,pin"))
	assert.Contains(t, j.Story(), "step_finished ani skipped withheld")
	started := fact[event.CallStarted](t, j)
	assert.True(t, started.CallerWithheld)
	assert.Empty(t, started.CallerLast4)
}

func (b *bankSite) anAnonymousCaller(t *testing.T) {
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "anonymous"})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.Press("*")
	_, j := b.isHandedOn(t, c, "agents", result{Status: "none", Level: "0", Reason: "opted_out"})
	assert.Contains(t, j.Story(), "step_finished ani skipped no_number")
	assert.Empty(t, fact[event.CallStarted](t, j).CallerLast4)
}
