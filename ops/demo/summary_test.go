package demo

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/freeswitch/sim"
	"countersign/session/event"
)

func TestACallIsForgottenSomeTimeAfterItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tl := newTally()
		for _, d := range []event.Data{event.CallStarted{Channel: "over"}, event.CallEnded{End: event.EndAbandoned}} {
			tl.saw(event.Event{Call: "1", Data: d})
		}
		tl.placed(sim.Result{UUID: "over"})
		kept := func() int {
			tl.mu.Lock()
			defer tl.mu.Unlock()
			return len(tl.calls)
		}
		assert.Equal(t, 1, kept())
		time.Sleep(forgetAfter + time.Second) // of synctest's virtual clock
		synctest.Wait()
		assert.Zero(t, kept())
		assert.Equal(t, 1, tl.summary().Abandoned)
	})
}

func TestACallThatIsForgottenStaysInTheSum(t *testing.T) {
	t.Parallel()
	tell := func(tl *tally, call string, data ...event.Data) {
		for _, d := range data {
			tl.saw(event.Event{Call: call, Data: d})
		}
	}
	fill := func() *tally {
		tl := newTally()
		tell(tl, "1", event.CallStarted{Channel: "answered"}, event.Identified{Status: event.StatusIdentified},
			event.CallEnded{End: event.EndRouted, Status: event.StatusIdentified}, event.AgentOffered{Agent: "1001"},
			event.AgentMissed{Agent: "1001", Reason: event.MissedRejected}, event.AgentOffered{Agent: "1002"},
			event.AgentConnected{Agent: "1002"}, event.AgentDone{Agent: "1002", End: event.AgentEndCaller})
		tl.placed(sim.Result{UUID: "answered", Agent: "1002"})
		tell(tl, "2", event.CallStarted{Channel: "abandoned"}, event.CallEnded{End: event.EndAbandoned})
		tl.placed(sim.Result{UUID: "abandoned"})
		tell(tl, "3", event.CallStarted{Channel: "open"}) // its end has not come
		tl.placed(sim.Result{UUID: "open", Lost: true})
		tl.placed(sim.Result{UUID: "no trace"})
		return tl
	}
	kept, forgetting := fill(), fill()
	for _, uuid := range []string{"answered", "abandoned", "open", "no trace", "never placed"} {
		forgetting.forget(uuid)
		forgetting.forget(uuid)
	}
	assert.Equal(t, Summary{
		Calls: 4, Identified: 1, Unidentified: 3, Abandoned: 1, Answered: 1, Missed: 1, Lost: 2, Events: 11,
	}, kept.summary())
	assert.Equal(t, kept.summary(), forgetting.summary())
	assert.Equal(t, kept.unsettled(), forgetting.unsettled())
	assert.Len(t, forgetting.calls, 1, "the open call is kept")
	assert.Len(t, forgetting.byChannel, 1)
	assert.Len(t, forgetting.results, 2)
}
