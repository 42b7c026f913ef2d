package live

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/session/event"
)

// see tells of a call's facts at seconds after start.
func see(c *Calls, call, line string, start time.Time, facts map[int][]event.Data) {
	seq := 0
	for after := range 3600 {
		for _, d := range facts[after] {
			seq++
			c.Saw(event.Event{
				ID: event.ID(call, seq), Call: call, Seq: seq, Line: line, Time: start.Add(time.Duration(after) * time.Second), Data: d,
			})
		}
	}
}

var all = func(Call) bool { return true }

func TestTheHourIsReplayedFromTheCalls(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	c := New(func() time.Time { return now })
	began := now.Add(-30 * time.Minute)
	see(c, "one", "retail", began, map[int][]event.Data{
		0:  {event.CallStarted{Channel: "c"}, event.StepStarted{Step: "pin"}},
		40: {event.StepFinished{Step: "pin", Result: event.StepPassed, Milliseconds: 40_000}},
		50: {
			event.Verified{Status: event.StatusVerified, Level: 2}, event.Routed{Status: event.StatusVerified, Level: 2},
			event.CallEnded{End: event.EndRouted, Status: event.StatusVerified, Level: 2},
		},
		70:  {event.AgentOffered{Agent: "1001", Queue: "support"}},
		90:  {event.AgentMissed{Agent: "1001", Queue: "support", Reason: event.MissedNoAnswer}},
		100: {event.AgentOffered{Agent: "1002", Queue: "support"}},
		110: {event.AgentConnected{Agent: "1002", Queue: "support"}},
		200: {event.AgentDone{Agent: "1002", Queue: "support", End: event.AgentEndCaller}},
	})
	see(c, "two", "retail", now.Add(-35*time.Second), map[int][]event.Data{
		0: {event.CallStarted{Channel: "d"}, event.StepStarted{Step: "account"}},
	})
	h := c.Hour(all)
	assert.Equal(t, now.Add(-time.Hour), h.From)
	at := func(after int) int { return int(began.Add(time.Duration(after)*time.Second).Sub(h.From) / h.Frame) }
	for after, want := range map[int]Phase{
		-10: Over, 0: Asking, 40: Asking, 50: Waiting, 60: Waiting, 70: Ringing, 80: Ringing, 90: Waiting, 100: Ringing,
		110: Talking, 190: Talking, 200: Over,
	} {
		for _, p := range []Phase{Asking, Waiting, Ringing, Talking} {
			n := 0
			if p == want {
				n = 1
			}
			assert.Equal(t, n, h.Phases[p][at(after)], "%s at %d s", p, after)
		}
	}
	assert.Equal(t, 1, h.Steps["pin"][at(30)])
	assert.Equal(t, 0, h.Steps["pin"][at(40)])
	assert.Equal(t, 0, h.Decided[event.StatusVerified][at(40)])
	assert.Equal(t, 1, h.Decided[event.StatusVerified][at(50)])
	assert.Equal(t, 1, h.Decided[event.StatusVerified][hourFrames-1])
	assert.Equal(t, 1, h.Phases[Asking][hourFrames-1], "the one that runs")
	assert.Equal(t, []string{"account", "pin"}, sorted(h.StepNames()))
	assert.Empty(t, c.Hour(func(Call) bool { return false }).Steps)
}

func sorted(names []string) []string {
	if len(names) == 2 && names[0] > names[1] {
		names[0], names[1] = names[1], names[0]
	}
	return names
}

func TestQueuesAndAgentsAsFarAsTheCallsTell(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	c := New(func() time.Time { return now })
	handedOn := []event.Data{
		event.CallStarted{Channel: "c"}, event.CallEnded{End: event.EndRouted, Status: event.StatusNone},
	}
	see(c, "rings", "retail", now.Add(-100*time.Second), map[int][]event.Data{
		0: handedOn, 60: {event.AgentOffered{Agent: "1001", Queue: "support", WaitedMilliseconds: 50_000}},
	})
	see(c, "talks", "retail", now.Add(-300*time.Second), map[int][]event.Data{
		0: handedOn, 10: {event.AgentOffered{Agent: "1002", Queue: "support"}},
		20: {event.AgentConnected{Agent: "1002", Queue: "support"}},
	})
	see(c, "missed", "retail", now.Add(-200*time.Second), map[int][]event.Data{
		0: handedOn, 10: {event.AgentOffered{Agent: "1003", Queue: "sales", WaitedMilliseconds: 10_000}},
		30: {event.AgentMissed{Agent: "1003", Queue: "sales", Reason: event.MissedNoAnswer}},
	})
	queues, agents := c.Queues(all)
	assert.Equal(t, []Queue{
		{Name: "sales", Waiting: 1, Longest: 200 * time.Second},
		{Name: "support", Waiting: 1, Talking: 1, Longest: 90 * time.Second},
	}, queues)
	assert.Equal(t, []AgentState{
		{Agent: "1001", Queue: "support", Phase: Ringing, Since: now.Add(-40 * time.Second)},
		{Agent: "1002", Queue: "support", Phase: Talking, Since: now.Add(-280 * time.Second), Taken: 1},
		{Agent: "1003", Queue: "sales", Phase: Over, Since: now.Add(-170 * time.Second), Missed: 1},
	}, agents)
}
