package staged

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/shared"
)

var bounds = shared.Bounds{Unverified: 5, Abandoned: 5, Errors: 2}

// start lets calls end, on the new version with a share, and returns after how many it has to end; 0 if it need not.
func start(seed uint64, calls int, share, newFails, oldFails float64) int {
	r := rand.New(rand.NewPCG(seed, seed))
	var t Tally
	for i := range calls {
		arm, fails := &t.Before, oldFails
		if r.Float64() < share {
			arm, fails = &t.New, newFails
		}
		d := event.CallEnded{End: event.EndRouted, Status: event.StatusVerified, Reason: event.ReasonOK}
		if r.Float64() < fails {
			d.Status, d.Reason = event.StatusIdentified, event.ReasonWrongAnswer
		}
		if arm.add(d); t.Verdict(bounds) != "" {
			return i + 1
		}
	}
	return 0
}

// A version that is as good as the one before is not returned from, although it is looked at after every call.
func TestAVersionThatIsNoWorseStays(t *testing.T) {
	t.Parallel()
	returned := 0
	for seed := range uint64(400) {
		if start(seed, 3000, 0.1, 0.2, 0.2) > 0 {
			returned++
		}
	}
	assert.LessOrEqual(t, returned, 4, "of 400 starts: one of a hundred")
}

func TestAVersionThatFailsPeopleIsReturnedFrom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		all := start(seed, 2000, 0.1, 1, 0.2)
		require.NotZero(t, all)
		assert.Less(t, all, 600, "a version on which everybody fails: about 20 calls of its own")
		worse := start(seed, 20_000, 0.1, 0.4, 0.2)
		assert.NotZero(t, worse, "20 points worse")
	}
}

func TestTheIntervalIsThatOfThePaper(t *testing.T) {
	t.Parallel()
	// Newcombe 1998, table II, method 10: 56/70 − 48/80 = 0.2, from 0.0524 to 0.3339.
	low, high := newcombe(56, 70, 48, 80, 1.959964)
	assert.InDelta(t, 5.24, low, 0.005)
	assert.InDelta(t, 33.39, high, 0.005)
	low, high = newcombe(10, 10, 0, 10, 1.959964)
	assert.InDelta(t, 60.75, low, 0.005)
	assert.InDelta(t, 100, high, 0.005)
	low, high = newcombe(0, 0, 1, 2, 1.96)
	assert.Equal(t, [2]float64{-100, 100}, [2]float64{low, high})
}

func TestOnlyTheCallsOfTheStartCount(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	v := shared.LineVersion{Name: "retail", Version: 6, Staged: &shared.Staged{Before: 4, First: 5, Since: since}}
	var tally Tally
	ended := func(line string, version int, at time.Duration, call string, end event.End, status event.Status, reason event.Reason) {
		tally.Saw(v, event.Event{
			Line: line, LineVersion: version, Time: since.Add(at), Call: call, Data: event.CallEnded{End: end, Status: status, Reason: reason},
		})
	}
	ended("retail", 4, 1, "a", event.EndRouted, event.StatusVerified, event.ReasonOK)
	ended("retail", 4, 1, "b", event.EndAbandoned, event.StatusNone, event.ReasonHungUp)
	ended("retail", 5, 1, "c", event.EndRouted, event.StatusIdentified, event.ReasonWrongAnswer)
	ended("retail", 6, 1, "d", event.EndReleased, event.StatusNone, event.ReasonUnavailable)
	ended("retail", 6, 1, "e", event.EndRouted, event.StatusIdentified, event.ReasonOK) // a line that only identifies
	ended("retail", 3, 1, "f", event.EndRouted, event.StatusVerified, event.ReasonOK)
	ended("retail", 4, -1, "g", event.EndRouted, event.StatusVerified, event.ReasonOK)
	ended("orders", 4, 1, "h", event.EndRouted, event.StatusVerified, event.ReasonOK)
	tally.Saw(v, event.Event{Line: "retail", LineVersion: 6, Time: since, Call: "i", Data: event.CallStarted{Continues: "e"}})
	ended("retail", 6, 1, "i", event.EndRouted, event.StatusVerified, event.ReasonOK)
	assert.Equal(t, Arm{Calls: 3, Unverified: 1, Errors: 1}, tally.New)
	assert.Equal(t, Arm{Calls: 2, Abandoned: 1}, tally.Before)
	assert.Empty(t, tally.Verdict(bounds), "too few")
	assert.Len(t, tally.Differences(bounds), 3)
}
