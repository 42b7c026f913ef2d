package event_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/session/event"
)

func TestACallIsFoldedFromItsEvents(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	seconds := func(n int) time.Time { return at.Add(time.Duration(n) * time.Second) }
	pin := []event.Attempt{{Result: event.AttemptRejected}, {Result: event.AttemptAccepted}}
	verified := []event.Method{event.MethodANI, event.MethodPIN}
	finished := event.StepFinished{Step: "pin", Result: event.StepPassed, Milliseconds: 2000, Attempts: pin}
	var c event.Call
	for i, step := range []struct {
		data event.Data
		want func(*event.Call)
	}{
		{event.CallStarted{Channel: "ch"}, func(w *event.Call) {
			w.Begun, w.Started, w.Start = true, seconds(1), event.CallStarted{Channel: "ch"}
		}},
		{event.Identified{
			Customer: "c1", Method: event.MethodANI, Status: event.StatusIdentified, Level: 1,
		}, func(w *event.Call) {
			w.Status, w.Level, w.Customer, w.IdentifiedBy = event.StatusIdentified, 1, "c1", event.MethodANI
		}},
		{
			event.StepStarted{Step: "pin"},
			func(w *event.Call) { w.Steps = []event.CallStep{{Step: "pin", Started: seconds(3)}} },
		},
		{finished, func(w *event.Call) {
			w.Steps = []event.CallStep{{Step: "pin", Started: seconds(3), Finished: true, StepFinished: finished}}
		}},
		{event.Verified{Customer: "c1", Methods: verified, Status: event.StatusVerified, Level: 2}, func(w *event.Call) {
			w.Status, w.Level, w.Reason, w.Methods = event.StatusVerified, 2, event.ReasonOK, verified
			w.Verdict, w.Decided = event.FactVerified, seconds(5)
		}},
		{event.Routed{
			Outcome: "verified", Destination: "menu", Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK,
		}, func(w *event.Call) {
			w.Outcome, w.Destination = "verified", "menu"
		}},
		{event.CallEnded{
			End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK, Customer: "c1",
			Milliseconds: 6000,
		},
			func(w *event.Call) {
				w.End, w.Ended, w.Milliseconds, w.Complete = event.EndRouted, seconds(7), 6000, true
			}},
	} {
		want := c
		want.ID, want.First, want.Line, want.LineVersion = "a", "a", "retail", 3
		step.want(&want)
		assert.Equal(t, step.data.Fact() != event.FactCallEnded, func() bool {
			c.Add(event.Event{Call: "a", Seq: i + 1, Time: seconds(i + 1), Line: "retail", LineVersion: 3, Data: step.data})
			return c.Running()
		}(), "event %d", i+1)
		assert.Equal(t, exported(want), exported(c), "event %d", i+1)
	}
	assert.True(t, c.Own())
}

// exported leaves out how many events were seen.
func exported(c event.Call) event.Call {
	var shown event.Call
	shown.ID, shown.Line, shown.LineVersion, shown.First = c.ID, c.Line, c.LineVersion, c.First
	shown.Begun, shown.Started, shown.Start = c.Begun, c.Started, c.Start
	shown.Status, shown.Level, shown.Reason = c.Status, c.Level, c.Reason
	shown.Customer, shown.Methods, shown.IdentifiedBy = c.Customer, c.Methods, c.IdentifiedBy
	shown.Verdict, shown.FailedReason, shown.FailedStep, shown.Decided = c.Verdict, c.FailedReason, c.FailedStep, c.Decided
	shown.Outcome, shown.Destination = c.Outcome, c.Destination
	shown.End, shown.Ended, shown.Milliseconds = c.End, c.Ended, c.Milliseconds
	shown.StepUp, shown.Locked, shown.Steps, shown.Complete = c.StepUp, c.Locked, c.Steps, c.Complete
	return shown
}

func folded(data ...event.Data) event.Call {
	var c event.Call
	for i, d := range data {
		c.Add(event.Event{Call: "a", Seq: i + 1, Time: time.Unix(int64(100+i), 0), Data: d})
	}
	return c
}

func TestAFoldedCallThatFailed(t *testing.T) {
	t.Parallel()
	c := folded(event.CallStarted{}, event.Failed{Step: "account", Reason: event.ReasonNotFound, Status: event.StatusNone})
	assert.Equal(t, event.StatusNone, c.Status)
	assert.Equal(t, event.ReasonNotFound, c.Reason)
	assert.Equal(t, event.FactFailed, c.Verdict)
	assert.Equal(t, "account", c.FailedStep)
	assert.False(t, c.Decided.IsZero())
}

// routed is written before the transfer: if the caller hung up at that moment, the call was not handed on.
func TestAFoldedCallThatWasNotHandedOnAfterAll(t *testing.T) {
	t.Parallel()
	c := folded(
		event.CallStarted{}, event.Routed{Outcome: "verified", Destination: "menu"}, event.CallEnded{End: event.EndAbandoned},
	)
	assert.Empty(t, c.Outcome)
	assert.Empty(t, c.Destination)
	assert.False(t, c.Decided.IsZero(), "it had been decided")
}

func TestAFoldedCallThatCameBackIsNotItsOwn(t *testing.T) {
	t.Parallel()
	back := folded(event.CallStarted{Continues: "b"})
	assert.Equal(t, "b", back.First)
	assert.False(t, back.Own())
	stepUp := folded(event.CallStarted{}, event.StepUpRequested{Level: 3})
	assert.False(t, stepUp.Own())
}

func TestAFoldedCallIsCompleteOnlyWithAllItsEvents(t *testing.T) {
	t.Parallel()
	whole := []event.Event{
		{Call: "a", Seq: 1, Data: event.CallStarted{}}, {Call: "a", Seq: 2, Data: event.StepStarted{Step: "pin"}},
		{Call: "a", Seq: 3, Data: event.CallEnded{End: event.EndAbandoned}},
	}
	assert.True(t, event.FoldCall(whole).Complete)
	assert.False(t, event.FoldCall(whole[:2]).Complete, "it runs")
	assert.False(t, event.FoldCall(whole[1:]).Complete, "its beginning is missing")
	assert.False(t, event.FoldCall([]event.Event{whole[0], whole[2]}).Complete, "one in the middle is missing")
}

func TestAStepWhoseBeginningIsMissingTookAsLongAsItSays(t *testing.T) {
	t.Parallel()
	c := folded(event.StepFinished{Step: "pin", Milliseconds: 3000})
	assert.Equal(t, time.Unix(97, 0), c.Steps[0].Started)
	two := folded(event.StepStarted{Step: "pin"}, event.StepFinished{Step: "pin"}, event.StepFinished{Step: "pin"})
	assert.Len(t, two.Steps, 2, "the second is another step")
}
