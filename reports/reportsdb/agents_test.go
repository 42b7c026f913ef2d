package reportsdb

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/event/eventtest"
)

// answeredCall is a verified call that one agent missed and another one took.
func answeredCall(id string) []event.Event {
	own := verifiedCall(id)
	for _, d := range []event.Data{
		event.AgentOffered{Agent: "1001", Queue: "q", Via: event.ViaCallcenter, Offer: 1, WaitedMilliseconds: 500},
		event.AgentMissed{
			Agent: "1001", Queue: "q", Via: event.ViaCallcenter, Reason: event.MissedNoAnswer, RangMilliseconds: 15000,
		},
		event.AgentOffered{Agent: "1002", Queue: "q", Via: event.ViaCallcenter, Offer: 2, WaitedMilliseconds: 15500},
		event.AgentConnected{
			Agent: "1002", Queue: "q", Via: event.ViaCallcenter, Channel: "leg", WaitedMilliseconds: 18000, RangMilliseconds: 2500,
		},
		event.AgentDone{
			Agent: "1002", Queue: "q", Via: event.ViaCallcenter, End: event.AgentEndCaller, WaitedMilliseconds: 18000,
			TalkedMilliseconds: 90000,
		},
	} {
		own = append(own, eventtest.Of(id, len(own)+1, d))
	}
	return own
}

func TestWhoTookACallAndHowLongItWaited(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	events := answeredCall("a")
	assert.Equal(t, len(events), applyAll(t, r, events...))
	assert.Zero(t, applyAll(t, r, events...), "each counts once")
	assert.Equal(t, "1002|q|18000|90000|1|0",
		table(t, r, "SELECT agent, queue, agent_wait_ms, talk_ms, agent_missed, gave_up FROM calls"))
	assert.Equal(t, "1|1|0|18000|90000",
		table(t, r, "SELECT answered, agent_missed, gave_up, agent_wait_ms, talk_ms FROM daily"))
	assert.Equal(t, "agent_missed|1001|q|callcenter|no_answer|0|15000|0\nagent_done|1002|q|callcenter|caller|18000|0|90000",
		table(t, r, `SELECT fact, agent, queue, via, reason, waited_ms, rang_ms, talked_ms FROM agent_facts
			WHERE reason IS NOT NULL ORDER BY at`))
	assert.Equal(t, "1", table(t, r, "SELECT sum(calls) FROM daily"), "the funnel is as before")
}

func TestWhatAgentsDidMayComeFirst(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	events := answeredCall("a")
	own := len(events) - 5
	applyAll(t, r, events[own:]...)
	assert.Empty(t, table(t, r, "SELECT * FROM daily"), "nobody knows of which call")
	applyAll(t, r, events[:own]...)
	assert.Equal(t, "1002|1", table(t, r, "SELECT c.agent, d.answered FROM calls AS c, daily AS d"))
}

func TestACallerWhoGaveUp(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	applyAll(t, r, append(verifiedCall("a"), eventtest.Of("a", 10, event.AgentDone{
		Queue: "q", Via: event.ViaCallcenter, End: event.AgentEndAbandoned, WaitedMilliseconds: 30000,
	}))...)
	assert.Equal(t, "NULL|q|NULL|1", table(t, r, "SELECT agent, queue, talk_ms, gave_up FROM calls"))
	assert.Equal(t, "0|1", table(t, r, "SELECT answered, gave_up FROM daily"))
}

func TestAgentsAreForgottenWithTheCallers(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	events := answeredCall("a")
	applyAll(t, r, events[:len(events)-1]...)
	later := events[0].Time.AddDate(0, 6, 0)
	_, err := r.Retain(deadline(t), later, later.AddDate(-1, 0, 0))
	require.NoError(t, err)
	applyAll(t, r, events[len(events)-1])
	assert.Equal(t, "NULL|18000|90000", table(t, r, "SELECT agent, agent_wait_ms, talk_ms FROM calls"))
	assert.Equal(t, "0|5", table(t, r, "SELECT count(agent), count(*) FROM agent_facts"))
	assert.Equal(t, "1|90000", table(t, r, "SELECT answered, talk_ms FROM daily"), "sums stay")
	_, err = r.Retain(deadline(t), later, later)
	require.NoError(t, err)
	assert.Equal(t, "0|0", table(t, r, "SELECT (SELECT count(*) FROM agent_data), (SELECT count(*) FROM daily)"))
}

func TestFactsOfCallsThatNeverCameAreForgotten(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	e := eventtest.Of("a", 7, event.AgentOffered{Agent: "1001"})
	applyAll(t, r, e)
	_, err := r.Retain(deadline(t), e.Time.Add(time.Hour), time.Unix(0, 0))
	require.NoError(t, err)
	assert.Equal(t, "0", table(t, r, "SELECT count(*) FROM agent_data"))
}
