package freeswitch_test

import (
	"syscall"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
)

const (
	// switchedOff is the dialplan's dead-man time for tests: long enough to be asked for something, short enough to wait
	// for. It counts until the service's first prompt.
	switchedOff = 6 * time.Second
	// silentAtMost is how long a caller hears nothing when the service hangs.
	silentAtMost = 20 * time.Second
	// armed is the action with which the service arms the switch behind each prompt.
	armed = "+18 countersign-unavailable XML countersign"
	// aWholeCall is one that a call with a PIN is over in.
	aWholeCall = 12 * time.Second
)

// TestCallersKeepTheirPersonWhateverHappensToTheService does to the real service what happens to services. Every case
// has a service of its own.
func TestCallersKeepTheirPersonWhateverHappensToTheService(t *testing.T) {
	t.Parallel()
	b := &bankSite{startSite(t, serviceOptions{Customers: everybody()})}
	inParallel(t,
		scenario{"killed in the middle of a prompt", b.killedInAPrompt},
		scenario{"stopped in the middle of a prompt, and continued later", b.stoppedAndContinued},
		scenario{"alive, with a call that takes longer than the dialplan's dead-man time", b.takesLong},
		scenario{"stopped in the middle of a prompt, and killed later", b.stoppedAndKilled},
		scenario{"told to stop during a call, which ends as it would have", b.drains},
		scenario{"told to stop during a call that does not end in time", b.drainsInVain},
	)
	for name, end := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "restarted": syscall.SIGTERM} {
		inParallel(t, scenario{name + " after it has handed the call on", func(t *testing.T) { b.endsAfterwards(t, end) }})
	}
}

// isUnavailableOnce is what a call record has to say when the service was lost.
func isUnavailableOnce(t *testing.T, r callRecord) {
	t.Helper()
	assert.Equal(t, unavailable, r.result())
	assert.Equal(t, 1, r.Ran("transfer", "agents XML default"), "handed on exactly once: %+v", r.AppLog)
	for _, gone := range []string{"sensitive_dtmf", "socket_resume", "cs_digits"} {
		assert.NotContains(t, r.Variables, gone)
	}
}

func (b *bankSite) killedInAPrompt(t *testing.T) {
	doomed := startService(t, serviceOptions{Customers: everybody()})
	c := callWithSIPp(t, b.freeSWITCH, dial{From: stranger, To: doomed.Number(switchedOff)})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.AwaitSound(t, askedWithin)
	doomed.Kill(t)
	killed := time.Now()
	c.AwaitAt(t, "default", "agents", atOnce)
	t.Logf("at the agents %s after the process had ended", time.Since(killed).Round(time.Millisecond))
	// The dead-man switch must be off: the agent is still there long after it would have fired.
	c.GoesOnHearing(t, ringing, c.Began.Add(switchedOff+ringsWithin))
	isUnavailableOnce(t, c.Record(t))

	// Started again on what it left behind, it takes the next call.
	doomed.Start(t)
	next := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230001", To: doomed.Number(time.Minute)})
	next.AwaitAsked(t, "ask-pin", 1, askedWithin)
	next.Press("246813#")
	next.AwaitAt(t, "default", "menu", saidWithin)
	assert.Equal(t, "verified", next.Record(t).result().Status)
}

func (b *bankSite) stoppedAndContinued(t *testing.T) {
	hung := startService(t, serviceOptions{Customers: everybody()})
	events := subscribe(t, hung)
	c := callWithSIPp(t, b.freeSWITCH, dial{From: stranger, To: hung.Number(switchedOff)})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.AwaitSound(t, askedWithin)
	call := events.await(t, c, event.FactCallStarted)[0].Call
	hung.Signal(t, syscall.SIGSTOP)
	c.Press("100042#")
	c.AwaitAt(t, "default", "agents", silentAtMost+atOnce)
	c.Hears(t, ringing, heardWithin)
	hung.Signal(t, syscall.SIGCONT) // it now finds the end of its prompt, and a call that is not its own any more
	c.GoesOnHearing(t, ringing, time.Now().Add(2*ringsWithin))
	// From the stream: an event that NATS had no time to confirm is sent again, and the stream drops one of the two.
	j := events.Stored(t, call)
	j.inOrder(t)
	assert.Equal(t, event.EndReleased, fact[event.CallEnded](t, j).End)
	hung.Kill(t)
	c.GoesOnHearing(t, ringing, time.Now().Add(ringsWithin))
	r := c.Record(t)
	isUnavailableOnce(t, r)
	assert.LessOrEqual(t, r.silence(t), silentAtMost)
}

// silence is how long the caller heard nothing from the end of the last prompt until they were with a person, by
// FreeSWITCH's clock.
func (r callRecord) silence(t *testing.T) time.Duration {
	t.Helper()
	return r.RanAt(t, "transfer", "agents XML default") - r.LastRanAt(t, "sched_transfer", armed)
}

func (b *bankSite) stoppedAndKilled(t *testing.T) {
	hung := startService(t, serviceOptions{Customers: everybody()})
	c := callWithSIPp(t, b.freeSWITCH, dial{From: stranger, To: hung.Number(switchedOff)})
	c.AwaitAsked(t, "ask-account", 1, askedWithin)
	c.AwaitSound(t, askedWithin)
	hung.Signal(t, syscall.SIGSTOP) // and the caller, unaware, presses nothing
	c.AwaitAt(t, "default", "agents", heardWithin+silentAtMost+atOnce)
	c.Hears(t, ringing, heardWithin)
	hung.Kill(t)
	c.GoesOnHearing(t, ringing, time.Now().Add(2*ringsWithin))
	r := c.Record(t)
	isUnavailableOnce(t, r)
	assert.LessOrEqual(t, r.silence(t), silentAtMost)
}

func (b *bankSite) takesLong(t *testing.T) {
	slow := startService(t, serviceOptions{Customers: everybody()})
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230001", To: slow.Number(switchedOff)})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.AwaitAsked(t, "ask-pin-again", 1, heardWithin+askedWithin) // the caller is silent for longer than the dead-man time
	c.Press("246813#")
	c.AwaitAt(t, "default", "menu", saidWithin)
	c.GoesOnHearing(t, chiming, time.Now().Add(ringsWithin))
	r := c.Record(t)
	assert.Greater(t, r.RanAt(t, "transfer", "menu XML default"), switchedOff)
	assert.Equal(t, result{Status: "verified", Level: "2", Reason: "ok", Methods: "ani,pin", Customer: "C-1"}, r.result())
	assert.Equal(t, 0, r.Ran("transfer", "agents XML default"), "nothing takes the caller away: %+v", r.AppLog)
	assert.NotContains(t, r.Variables, "cs_when_hung")
}

func (b *bankSite) endsAfterwards(t *testing.T, end syscall.Signal) {
	restarted := startService(t, serviceOptions{Customers: everybody()})
	c := callWithSIPp(t, b.freeSWITCH, dial{From: "+15551230001", To: restarted.Number(aWholeCall)})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("246813#")
	c.AwaitAt(t, "default", "menu", saidWithin)
	c.Hears(t, chiming, heardWithin)
	restarted.Signal(t, end)
	restarted.AwaitExit(t, serviceStopsWithin)
	restarted.Start(t)
	c.GoesOnHearing(t, chiming, c.Began.Add(aWholeCall+ringsWithin)) // past the dead-man time
	r := c.Record(t)
	assert.Equal(t, result{Status: "verified", Level: "2", Reason: "ok", Methods: "ani,pin", Customer: "C-1"}, r.result())
	assert.Equal(t, 1, r.Ran("transfer", "menu XML default"))
	assert.Equal(t, 0, r.Ran("transfer", "agents XML default"), "nothing takes the caller away: %+v", r.AppLog)
}
