package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/session/event"
)

// A caller who was silent once has more time, on the next call from the first question on, until it is forgotten.
func TestACustomerWhoNeedsTimeIsRememberedAndForgotten(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, "id,name,phones,account,pin\nC-1,Ada,+12125550101,100042,246813\n", "")
	n := s.nodes[0]
	pin := func(from string, caller sim.Caller) []event.Attempt {
		t.Helper()
		r := n.call(sim.CallOptions{From: from, To: "5000", Caller: caller})
		require.Equal(t, "verified", r.Variables["cs_status"], heard(r))
		for _, f := range data[event.StepFinished](s.journey(r)) {
			if f.Step == "pin" {
				return f.Attempts
			}
		}
		return nil
	}
	show := func() string {
		t.Helper()
		code, stdout, stderr := n.run("customers", "show", "C-1")
		require.Equal(t, exitDone, code, stderr)
		return stdout
	}
	assert.NotContains(t, show(), "habits")
	silentFirst := sim.Script(sim.Pace{}, sim.Answer{Prompt: "ask-account-again", Keys: "100042#"},
		sim.Answer{Prompt: "ask-pin", Keys: "246813#"})
	assert.True(t, pin("anonymous", silentFirst)[0].Slow, "to the end of the call")
	require.EventuallyWithT(t, func(c *assert.CollectT) { // the call has gone on when it is written
		code, stdout, _ := n.run("customers", "show", "C-1")
		assert.Equal(c, exitDone, code)
		assert.Regexp(c, `(?m)^habits +slow$`, stdout)
	}, patience, 20*time.Millisecond)
	assert.True(t, pin("+12125550101", keys("ask-pin", "246813"))[0].Slow, "from the first question on")
	code, stdout, stderr := n.run("customers", "export")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "habits")
	code, _, stderr = n.run("customers", "forget-habits", "C-1")
	require.Equal(t, exitDone, code, stderr)
	assert.NotContains(t, show(), "habits")
	code, _, stderr = n.run("customers", "forget-habits", "C-1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, `nothing is remembered of how "C-1" likes to be asked`)
	assert.False(t, pin("+12125550101", keys("ask-pin", "246813"))[0].Slow)
}
