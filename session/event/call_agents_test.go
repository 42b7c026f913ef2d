package event_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

func TestAFoldedCallKnowsItsAgents(t *testing.T) {
	t.Parallel()
	at := func(second int) time.Time { return time.Unix(int64(100+second), 0) }
	c := folded(
		event.CallStarted{Channel: "ch"}, event.Routed{Outcome: "verified", Destination: "agents"},
		event.CallEnded{End: event.EndRouted},
		event.AgentOffered{Agent: "1001", Queue: "q", Via: event.ViaCallcenter, Offer: 1, WaitedMilliseconds: 10},
		event.AgentMissed{Agent: "1001", Queue: "q", Via: event.ViaCallcenter, Reason: event.MissedBusy},
		event.AgentOffered{Agent: "1002", Queue: "q", Via: event.ViaCallcenter, Offer: 2, WaitedMilliseconds: 20},
		event.AgentConnected{Agent: "1002", Queue: "q", Via: event.ViaCallcenter, Channel: "leg", WaitedMilliseconds: 30},
		event.AgentDone{Agent: "1002", Queue: "q", Via: event.ViaCallcenter, End: event.AgentEndCaller,
			WaitedMilliseconds: 30, TalkedMilliseconds: 40},
	)
	require.Len(t, c.Agents, 2)
	assert.Equal(t, event.CallAgent{
		Agent: "1001", Queue: "q", Via: event.ViaCallcenter, Offered: at(3), Ended: at(4), Missed: event.MissedBusy,
		WaitedMilliseconds: 10,
	}, c.Agents[0])
	assert.Equal(t, event.CallAgent{
		Agent: "1002", Queue: "q", Via: event.ViaCallcenter, Offered: at(5), Connected: at(6), Ended: at(7), Channel: "leg",
		Done: event.AgentEndCaller, WaitedMilliseconds: 30, TalkedMilliseconds: 40,
	}, c.Agents[1])
	assert.True(t, c.Complete, "our part is whole, whatever agents do with the call")
	assert.Equal(t, event.EndRouted, c.End)
}

func TestACallWhoseAgentsCameFirstIsNotComplete(t *testing.T) {
	t.Parallel()
	c := event.FoldCall([]event.Event{
		{Call: "a", Seq: 4, Line: "retail", Data: event.AgentOffered{Agent: "1001"}},
		{Call: "a", Seq: 2, Data: event.StepStarted{Step: "pin"}}, {Call: "a", Seq: 3, Data: event.CallEnded{}},
	})
	assert.Equal(t, "retail", c.Line)
	assert.False(t, c.Complete, "its beginning is missing")
	assert.True(t, c.Agents[0].Open())
}

func TestTheSameAgentMayGetACallTwice(t *testing.T) {
	t.Parallel()
	c := folded(
		event.AgentOffered{Agent: "1001"}, event.AgentMissed{Agent: "1001", Reason: event.MissedRejected},
		event.AgentOffered{Agent: "1001"}, event.AgentConnected{Agent: "1001"},
		event.AgentDone{End: event.AgentEndAbandoned},
	)
	require.Len(t, c.Agents, 3, "and a caller who gave up has none")
	assert.Equal(t, event.MissedRejected, c.Agents[0].Missed)
	assert.True(t, c.Agents[1].Open())
	assert.Equal(t, event.AgentEndAbandoned, c.Agents[2].Done)
}

func TestFactsAboutAgents(t *testing.T) {
	t.Parallel()
	var about []event.Fact
	for _, f := range event.Facts() {
		if f.AboutAgents() {
			about = append(about, f)
		}
	}
	assert.Equal(t, []event.Fact{
		event.FactAgentOffered, event.FactAgentMissed, event.FactAgentConnected, event.FactAgentDone,
	}, about)
}
