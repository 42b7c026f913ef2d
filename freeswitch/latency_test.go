package freeswitch_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const (
	latencyCalls = 4
	// tooSlow is far above what is measured, so that only a mistake fails: a wait for a round trip, a lost pipelining, a
	// timer in the way.
	tooSlow = 300 * time.Millisecond
)

// TestCallersDoNotWait measures on real calls, as the caller's telephone hears it, and logs what it measured. It runs
// before the parallel tests.
func TestCallersDoNotWait(t *testing.T) {
	s := startSite(t, serviceOptions{Customers: everybody()})
	bound := tooSlow
	if raceDetector {
		bound *= 2 // argon2id is code that the detector slows down
	}
	measured := map[string][]time.Duration{}
	for range latencyCalls {
		c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger})
		asked := c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.AwaitSound(t, askedWithin)
		took := func(what string, d time.Duration) { measured[what] = append(measured[what], d) }
		took("INVITE to first prompt", c.Began.Add(c.FirstSound()).Sub(asked.Invited))
		c.Press("100042#")
		took("last key of the account to the next prompt", c.AwaitAnswerToKeys(t, askedWithin))
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("111222") // the sixth key ends the entry
		took("last key of a wrong PIN to the next prompt (argon2id between)", c.AwaitAnswerToKeys(t, askedWithin))
		c.AwaitAsked(t, "ask-pin-again", 1, askedWithin)
		c.Press("246813")
		took("last key of the right PIN to the confirmation (argon2id between)", c.AwaitAnswerToKeys(t, askedWithin))
		c.Record(t)
	}
	for what, d := range measured {
		slices.Sort(d)
		t.Logf("%s: best %v, median %v, worst %v of %d", what, d[0].Round(100*time.Microsecond),
			d[len(d)/2].Round(100*time.Microsecond),
			d[len(d)-1].Round(100*time.Microsecond), len(d))
		// The best one: the machine may be busy with other tests, and a mistake would be in all of them.
		assert.Less(t, d[0], bound, what)
	}
}
