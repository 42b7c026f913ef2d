package webhook

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/retry"
	"countersign/session/event"
)

// hangs never answers by itself.
func hangs(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }

// Whatever becomes of one machine's shared state, and however long requests take, no other machine delivers meanwhile.
func TestTwoMachinesNeverDeliverAtOnce(t *testing.T) {
	t.Parallel()
	refused := func(context.Context) error { return errors.New("no quorum") }
	well := func(context.Context) error { return nil }
	for name, fall := range map[string]struct{ read, write func(context.Context) error }{
		"the store hangs":        {hangs, hangs},
		"the store fails":        {refused, refused},
		"the store cannot write": {well, refused},
		"writing hangs":          {well, hangs},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				s.hook.takes = mostTimeout
				sick := &hanging{Store: s.store}
				s.machineOn(sick)
				s.stream.add("a", "a")
				s.pass(2 * leaseRenew)
				s.machine()
				sick.fall(fall.read, fall.write)
				s.pass(leaseLife + leaseStop + 3*mostTimeout)
				assert.Empty(t, s.hook.overlaps)
				assert.Equal(t, idsOf("a", 2), s.hook.received())
				assert.Empty(t, s.status().Failing, "a request that we ended has not failed")
			})
		})
	}
}

func TestAMachineThatStopsKeepsTheLeaseUntilItsRequestsAreFinished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.hook.takes = mostTimeout
		stop := s.machine()
		s.stream.add("a")
		s.pass(time.Second)
		s.machine()
		stop()
		assert.Equal(t, idsOf("a", 1), s.hook.received())
		s.pass(leaseLife + 2*mostTimeout)
		assert.Equal(t, idsOf("a", 1), s.hook.received(), "once")
		assert.Empty(t, s.hook.overlaps)
	})
}

// A request that was refused while the process stopped is noted all the same.
func TestWhatFailsDuringAStopWaitsForItsNextAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		strict := &hanging{Store: s.store}
		strict.fall(context.Cause, context.Cause) // as NATS: nothing works once ctx has ended
		s.hook.takes = time.Second
		s.hook.refuse(func(event.Event) bool { return true })
		stop := s.machineOn(strict)
		s.stream.add("a")
		s.pass(time.Millisecond)
		stop()
		require.Len(t, s.status().Failing, 1)
		assert.Zero(t, s.status().Behind)
	})
}

func TestManyDeadLettersThatAreTriedAgainDoNotHoldUpTheLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		const calls = 50
		for i := range calls {
			call := fmt.Sprintf("call-%d", i)
			s.stream.add(call)
			dead := Failing{Call: call, Places: []event.Place{placeOf(i + 1)}, First: time.Now()}
			require.NoError(t, put(t.Context(), s.store, "crm"+deadPart+callKey(call), dead, keepDead))
		}
		slow := &hanging{Store: s.store}
		takes := func(ctx context.Context) error { return retry.Pause(ctx, 250*time.Millisecond) }
		slow.fall(takes, takes)
		s.machineOn(slow)
		s.pass(time.Second)
		s.machine()
		require.NoError(t, Again(t.Context(), s.store, "crm", "", time.Now()))
		s.pass(2 * time.Minute)
		assert.Len(t, s.hook.received(), calls)
		assert.NotContains(t, s.log.String(), "left to another machine")
	})
}

func TestRequestsToTryAgainDoNotReplaceEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.machine()
		s.hook.refuse(func(event.Event) bool { return true })
		s.stream.add("a", "b", "c")
		s.pass(giveUpAfter + 2*retryMost)
		require.Len(t, s.status().Dead, 3)
		s.hook.refuse(nil)
		for _, call := range []string{"a", "b"} {
			require.NoError(t, Again(t.Context(), s.store, "crm", call, time.Now()))
		}
		s.pass(2 * againEvery)
		assert.ElementsMatch(t, []string{"a.1", "b.1"}, s.hook.received())
		require.NoError(t, Again(t.Context(), s.store, "crm", "", time.Now()))
		s.pass(2 * againEvery)
		assert.ElementsMatch(t, []string{"a.1", "b.1", "c.1"}, s.hook.received(), "each once")
	})
}
