package freeswitch_test

import (
	"syscall"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// switchedOff is a dead-man time for tests: long enough to be asked for something, short enough to wait for.
	switchedOff = 6 * time.Second
	// aWholeCall is one that a call with a PIN is over in.
	aWholeCall = 12 * time.Second
)

// TestCallersKeepTheirPersonWhateverHappensToTheService does to the real service what happens to services. Every case has a service of its own.
func TestCallersKeepTheirPersonWhateverHappensToTheService(t *testing.T) {
	t.Parallel()
	s := startSite(t, serviceOptions{Customers: everybody()})

	isUnavailable := func(t *testing.T, r callRecord) {
		t.Helper()
		assert.Equal(t, unavailable, r.result())
		assert.Equal(t, 1, r.Ran("transfer", "agents XML default"), "handed on exactly once: %+v", r.AppLog)
		for _, gone := range []string{"sensitive_dtmf", "socket_resume", "cs_digits"} {
			assert.NotContains(t, r.Variables, gone)
		}
	}

	t.Run("killed in the middle of a prompt", func(t *testing.T) {
		t.Parallel()
		doomed := startService(t, serviceOptions{Customers: everybody()})
		c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger, To: doomed.Number(switchedOff)})
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.AwaitSound(t, askedWithin)
		doomed.Kill(t)
		killed := time.Now()
		c.AwaitAt(t, "default", "agents", atOnce)
		t.Logf("at the agents %s after the process had ended", time.Since(killed).Round(time.Millisecond))
		// The dead-man switch must be off: the agent is still there long after it would have fired.
		c.GoesOnHearing(t, ringing, c.Began.Add(switchedOff+ringsWithin))
		isUnavailable(t, c.Record(t))

		// Started again on what it left behind, it takes the next call.
		doomed.Start(t)
		next := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230001", To: doomed.Number(time.Minute)})
		next.AwaitAsked(t, "ask-pin", 1, askedWithin)
		next.Press("246813#")
		next.AwaitAt(t, "default", "menu", saidWithin)
		assert.Equal(t, "verified", next.Record(t).result().Status)
	})

	t.Run("stopped in the middle of a prompt, and continued later", func(t *testing.T) {
		t.Parallel()
		hung := startService(t, serviceOptions{Customers: everybody()})
		events := subscribe(t, hung)
		c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger, To: hung.Number(switchedOff)})
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.AwaitSound(t, askedWithin)
		call := events.await(t, c, event.FactCallStarted)[0].Call
		hung.Signal(t, syscall.SIGSTOP)
		c.AwaitAt(t, "default", "agents", switchedOff+atOnce)
		c.Hears(t, ringing, ringsWithin)
		hung.Signal(t, syscall.SIGCONT) // it now finds the end of its prompt, and a call that is not its own any more
		c.GoesOnHearing(t, ringing, time.Now().Add(2*ringsWithin))
		// From the stream: an event that NATS had no time to confirm is sent again, and the stream drops one of the two.
		j := events.Stored(t, call)
		j.inOrder(t)
		assert.Equal(t, event.EndReleased, fact[event.CallEnded](t, j).End)
		hung.Kill(t)
		c.GoesOnHearing(t, ringing, time.Now().Add(ringsWithin))
		r := c.Record(t)
		isUnavailable(t, r)
		assert.InDelta(t, switchedOff.Seconds(), r.RanAt(t, "transfer", "agents XML default").Seconds(), 1.5)
	})

	t.Run("alive, but with a call that takes longer than the dead-man switch allows", func(t *testing.T) {
		t.Parallel()
		slow := startService(t, serviceOptions{Customers: everybody()})
		events := subscribe(t, slow)
		c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230001", To: slow.Number(switchedOff)})
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.AwaitAt(t, "default", "agents", switchedOff+atOnce)
		c.GoesOnHearing(t, ringing, time.Now().Add(2*ringsWithin))
		isUnavailable(t, c.Record(t))
		assert.Equal(t, event.EndReleased, fact[event.CallEnded](t, events.Journey(t, c)).End)
	})

	t.Run("stopped in the middle of a prompt, and killed later", func(t *testing.T) {
		t.Parallel()
		hung := startService(t, serviceOptions{Customers: everybody()})
		c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger, To: hung.Number(switchedOff)})
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		c.AwaitSound(t, askedWithin)
		hung.Signal(t, syscall.SIGSTOP)
		c.AwaitAt(t, "default", "agents", switchedOff+atOnce)
		c.Hears(t, ringing, ringsWithin)
		hung.Kill(t)
		c.GoesOnHearing(t, ringing, time.Now().Add(2*ringsWithin))
		isUnavailable(t, c.Record(t))
	})

	for name, end := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "restarted": syscall.SIGTERM} {
		t.Run(name+" after it has handed the call on", func(t *testing.T) {
			t.Parallel()
			restarted := startService(t, serviceOptions{Customers: everybody()})
			c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230001", To: restarted.Number(aWholeCall)})
			c.AwaitAsked(t, "ask-pin", 1, askedWithin)
			c.Press("246813#")
			c.AwaitAt(t, "default", "menu", saidWithin)
			c.Hears(t, chiming, ringsWithin)
			restarted.Signal(t, end)
			restarted.AwaitExit(t, serviceStopsWithin)
			restarted.Start(t)
			c.GoesOnHearing(t, chiming, c.Began.Add(aWholeCall+ringsWithin)) // past the dead-man time
			r := c.Record(t)
			assert.Equal(t, result{Status: "verified", Level: "2", Reason: "ok", Methods: "ani,pin", Customer: "C-1"}, r.result())
			assert.Equal(t, 1, r.Ran("transfer", "menu XML default"))
			assert.Equal(t, 0, r.Ran("transfer", "agents XML default"), "nothing takes the caller away: %+v", r.AppLog)
		})
	}

	t.Run("told to stop during a call, which ends as it would have", func(t *testing.T) {
		t.Parallel()
		drained := startService(t, serviceOptions{Customers: everybody()})
		c := callWithSIPp(t, s.freeSWITCH, dial{From: "+15551230001", To: drained.Number(time.Minute)})
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		drained.Signal(t, syscall.SIGTERM)
		require.Eventually(t, func() bool { return refuses(drained.Address()) }, serviceStopsWithin, poll, "it goes on listening")
		late := callWithSIPp(t, s.freeSWITCH, dial{From: stranger, To: drained.Number(time.Minute)})
		late.AwaitAt(t, "default", "agents", atOnce)
		c.Press("246813#")
		c.AwaitAt(t, "default", "menu", saidWithin)
		c.Hears(t, chiming, ringsWithin)
		drained.AwaitExit(t, serviceStopsWithin)
		assert.Zero(t, drained.ExitCode())
		c.GoesOnHearing(t, chiming, time.Now().Add(ringsWithin))
		r := c.Record(t)
		assert.Equal(t, "verified", r.result().Status)
		isUnavailable(t, late.Record(t))

		drained.Start(t)
		j := subscribe(t, drained).Stored(t, r.Variables["cs_call"])
		j.inOrder(t)
		assert.Subset(t, j.Story(), []string{`verified C-1 "Ada Lovelace" level 2 by [ani pin]`, "call_ended routed verified ok"})
	})

	t.Run("told to stop during a call that does not end in time", func(t *testing.T) {
		t.Parallel()
		drained := startService(t, serviceOptions{Customers: everybody(), Drain: 2 * time.Second})
		events := subscribe(t, drained)
		c := callWithSIPp(t, s.freeSWITCH, dial{From: stranger, To: drained.Number(time.Minute)})
		c.AwaitAsked(t, "ask-account", 1, askedWithin)
		call := events.await(t, c, event.FactCallStarted)[0].Call
		drained.Signal(t, syscall.SIGTERM)
		c.AwaitAt(t, "default", "agents", 2*time.Second+atOnce)
		c.Hears(t, ringing, ringsWithin)
		drained.AwaitExit(t, serviceStopsWithin)
		c.GoesOnHearing(t, ringing, time.Now().Add(ringsWithin))
		isUnavailable(t, c.Record(t))

		drained.Start(t)
		j := subscribe(t, drained).Stored(t, call)
		j.inOrder(t)
		assert.Equal(t, event.EndReleased, fact[event.CallEnded](t, j).End, "%v", j)
	})
}
