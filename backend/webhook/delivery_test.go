package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

func TestANewWebhookGetsWhatHappensFromThenOnInTheOrderOfEachCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.stream.add("before", "before")
		s.machine()
		s.stream.add("a", "b", "unwanted", "a", "b", "a")
		s.pass(time.Second)
		got := s.hook.received()
		assert.Equal(t, idsOf("a", 3), ofCall(got, "a"))
		assert.Equal(t, idsOf("b", 2), ofCall(got, "b"))
		assert.Len(t, got, 5)
		s.pass(leaseRenew)
		status := s.status()
		assert.True(t, status.Known)
		assert.Zero(t, status.Behind, "what is not wanted counts as done")
	})
}

func TestACallThatFailsHoldsUpNoOtherAndKeepsItsOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.machine()
		s.hook.refuse(func(e event.Event) bool { return e.ID == "bad.2" })
		s.stream.add("bad", "bad", "good", "bad", "good")
		s.pass(time.Second)
		assert.Equal(t, idsOf("good", 2), ofCall(s.hook.received(), "good"))
		assert.Equal(t, idsOf("bad", 1), ofCall(s.hook.received(), "bad"), "the third waits for the second")
		failing := s.status().Failing
		require.Len(t, failing, 1)
		assert.Equal(t, "bad", failing[0].Call)
		assert.Equal(t, "retail", failing[0].Line)
		assert.Len(t, failing[0].Places, 2)
		assert.Equal(t, "status 503", failing[0].Error)

		s.hook.refuse(nil)
		s.pass(2 * retryFirst)
		assert.Equal(t, idsOf("bad", 3), ofCall(s.hook.received(), "bad"))
		assert.Empty(t, s.status().Failing)
	})
}

func TestAttemptsComeLessAndLessOften(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.machine()
		s.hook.refuse(func(event.Event) bool { return true })
		s.stream.add("a")
		s.pass(24 * time.Hour)
		for i := 1; i < len(s.hook.times); i++ {
			want := min(retryMost, retryFirst*time.Duration(pow(retryTimes, i-1)))
			assert.InDelta(t, want.Seconds(), s.hook.times[i].Sub(s.hook.times[i-1]).Seconds(), want.Seconds()*0.11+0.01)
		}
		assert.InDelta(t, 29, s.hook.tried, 4)
	})
}

func pow(base, n int) int {
	p := 1
	for range min(n, 12) {
		p *= base
	}
	return p
}

func TestAfterThreeDaysACallIsADeadLetterUntilAnOperatorHasItTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.machine()
		s.hook.refuse(func(event.Event) bool { return true })
		s.stream.add("a", "a")
		s.pass(giveUpAfter + 2*retryMost)
		status := s.status()
		assert.Empty(t, status.Failing)
		require.Len(t, status.Dead, 1)
		assert.Len(t, status.Dead[0].Places, 2)
		assert.Equal(t, 1, strings.Count(s.log.String(), "level=ERROR"))

		s.hook.refuse(nil)
		s.pass(24 * time.Hour)
		require.Empty(t, s.hook.received(), "nobody asked for it")
		require.NoError(t, Again(t.Context(), s.store, "crm", "a", time.Now()))
		s.pass(2 * leaseRenew)
		assert.Equal(t, idsOf("a", 2), s.hook.received())
		s.pass(2 * keepNothing)
		assert.Empty(t, s.status().Dead)
	})
}

func TestAnErasedEventIsNotDeliveredLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.machine()
		s.hook.refuse(func(event.Event) bool { return true })
		s.stream.add("a", "a")
		s.pass(time.Second)
		s.stream.mu.Lock()
		s.stream.erased[1] = true
		s.stream.mu.Unlock()
		s.hook.refuse(nil)
		s.pass(time.Minute)
		assert.Equal(t, []string{"a.2"}, s.hook.received())
	})
}

func TestARestartGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		stop := s.machine()
		s.hook.refuse(func(e event.Event) bool { return e.Call == "bad" })
		s.stream.add("good", "bad", "bad")
		s.pass(time.Second)
		stop()
		s.stream.add("good", "bad")
		s.machine()
		s.pass(time.Second)
		assert.Equal(t, idsOf("good", 2), s.hook.received(), "nothing twice, nothing lost")
		s.hook.refuse(nil)
		s.pass(time.Minute)
		assert.Equal(t, idsOf("bad", 3), ofCall(s.hook.received(), "bad"))
	})
}

func TestAnotherMachineTakesOverFromOneThatWasKilled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		doomed := &hanging{Store: s.store}
		s.machineOn(doomed)
		s.stream.add("a", "a", "b")
		s.pass(2 * leaseRenew)
		s.machine()
		s.stream.add("a")
		s.pass(time.Second)
		doomed.kill()
		s.pass(leaseStop + leaseRenew)
		s.stream.add("a", "b")
		s.pass(leaseLife + 2*stateRetry)
		got := s.hook.received()
		assert.Equal(t, idsOf("a", 4), withoutTwice(ofCall(got, "a")))
		assert.Equal(t, idsOf("b", 2), withoutTwice(ofCall(got, "b")))
		assert.LessOrEqual(t, len(got), 7, "only what came after the last note of the place is delivered again")
	})
}

// withoutTwice is what a receiver keeps that knows repetitions by their id.
func withoutTwice(got []string) (kept []string) {
	seen := map[string]bool{}
	for _, id := range got {
		if !seen[id] {
			kept = append(kept, id)
		}
		seen[id] = true
	}
	return kept
}

func TestOfSeveralMachinesOneDeliversEachEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		for range 3 {
			s.machine()
		}
		for i := range 50 {
			s.stream.add(fmt.Sprintf("call-%d", i), "one")
			s.pass(time.Second)
		}
		assert.Len(t, s.hook.received(), 100)
		assert.Equal(t, idsOf("one", 50), ofCall(s.hook.received(), "one"))
	})
}

func TestASlowSystemIsAskedAFewThingsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.hook.takes = time.Second
		s.machine()
		for i := range 10 * atOnce {
			s.stream.add(fmt.Sprintf("call-%d", i))
		}
		s.pass(time.Second)
		assert.Len(t, s.hook.received(), atOnce)
		s.pass(9 * time.Second)
		assert.Len(t, s.hook.received(), 10*atOnce)
	})
}

func TestWhileTheSystemIsAwayEventsWaitInTheStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.machine()
		s.hook.refuse(func(event.Event) bool { return true })
		for i := range 500 {
			s.stream.add(fmt.Sprintf("call-%d", i), fmt.Sprintf("call-%d", i))
			s.pass(time.Second)
		}
		assert.Less(t, len(s.status().Failing), 60, "the shared state does not fill")
		assert.Equal(t, 1, strings.Count(s.log.String(), "level=WARN"), "one line, not one for each event")

		s.hook.refuse(nil)
		s.pass(holdMost + time.Minute)
		got := s.hook.received()
		assert.Len(t, got, 1000)
		for i := range 500 {
			call := fmt.Sprintf("call-%d", i)
			require.Equal(t, idsOf(call, 2), ofCall(got, call))
		}
		assert.Equal(t, 1, strings.Count(s.log.String(), "delivered to again"))
	})
}

func TestCallsThatAreRefusedForEverDoNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.machine()
		s.hook.refuse(func(e event.Event) bool { return strings.HasPrefix(e.Call, "bad") })
		for i := range holdAfter + 1 {
			s.stream.add(fmt.Sprintf("bad-%d", i))
		}
		s.pass(time.Second)
		s.stream.add("good", "good")
		s.pass(2 * holdMost)
		assert.Equal(t, idsOf("good", 2), s.hook.received())
	})
}

func TestAWebhookThatNobodyDeliveredToForDaysGoesOnWithWhatIsNew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		stop := s.machine()
		stop()
		s.stream.add("old")
		time.Sleep(giveUpAfter + time.Hour)
		s.machine()
		s.stream.add("new")
		s.pass(time.Second)
		assert.Equal(t, []string{"new.1"}, s.hook.received())
	})
}

// When the process stops, events that were read already must not move the place past one that was left out.
func TestNothingIsSkippedWhenTheProcessStops(t *testing.T) {
	t.Parallel()
	from := placeOf(6)
	w := &worker{
		hook: &fakeHook{}, active: map[string]*call{}, place: from,
		health: newHealth(slog.New(slog.DiscardHandler), time.Now), now: time.Now, held: t.Context(),
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	w.take(ctx, placeOf(7), event.Event{Call: "a", Data: event.Verified{}})
	w.take(ctx, placeOf(8), event.Event{Call: "unwanted", Data: event.StepStarted{}})
	assert.Equal(t, from, w.at())
}

// After a crash, events of a call that fails are read again: they are in its list already.
func TestEventsThatAreReadAgainAreNotDeliveredTwiceInDisorder(t *testing.T) {
	t.Parallel()
	w := &worker{active: map[string]*call{}, health: newHealth(slog.New(slog.DiscardHandler), time.Now), now: time.Now}
	c := &call{worker: w, id: "a", failing: &Failing{Call: "a", Places: []event.Place{placeOf(7), placeOf(9)}}}
	for _, n := range []int{7, 9} {
		assert.True(t, c.deliver(t.Context(), &taken{place: placeOf(n)}))
	}
	assert.Equal(t, []event.Place{placeOf(7), placeOf(9)}, c.failing.Places)
}
