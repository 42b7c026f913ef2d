package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

func TestACallThatCameBackIsKnownAsLongAsTheFirst(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 18, 8, 0, 0, 0, time.UTC)
	now := began
	c := New(func() time.Time { return now })
	see(c, "first", "retail", began, map[int][]event.Data{
		0:  {event.CallStarted{Channel: "c"}, event.Routed{}, event.CallEnded{End: event.EndRouted}},
		10: {event.AgentOffered{Agent: "1001"}, event.AgentConnected{Agent: "1001"}},
	})
	stepUp := event.Verified{Status: event.StatusVerified, Level: 2}
	see(c, "again", "retail", began, map[int][]event.Data{60: {
		event.CallStarted{Channel: "c", Continues: "first"}, event.StepUpRequested{}, stepUp, event.Routed{Status: event.StatusVerified, Level: 2},
		event.CallEnded{End: event.EndRouted, Status: event.StatusVerified, Level: 2},
	}})
	see(c, "lost", "retail", began, map[int][]event.Data{60: {
		event.CallStarted{Channel: "x", Continues: "nobody knows"}, event.CallEnded{End: event.EndRouted},
	}})
	now = began.Add(3 * time.Hour)
	c.prune()
	mine := c.Mine([]string{"1001"}, now)
	require.Len(t, mine, 1)
	assert.Equal(t, 2, mine[0].Level, "what the step-up proved still counts")
	assert.Len(t, c.Again("first"), 1)
	assert.NotContains(t, c.first, "nobody knows")
	now = began.Add(14 * time.Hour)
	c.prune()
	assert.Empty(t, c.calls)
	assert.Empty(t, c.first)
}

func TestOnlySoManyCallsAreKept(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 18, 8, 0, 0, 0, time.UTC)
	c := New(func() time.Time { return now })
	for i := range maxCalls + 1 {
		see(c, fmt.Sprint("call-", i), "retail", now.Add(time.Duration(i)*time.Microsecond), map[int][]event.Data{
			0: {event.CallStarted{Channel: "c"}},
		})
	}
	assert.LessOrEqual(t, len(c.calls), maxCalls)
	assert.Contains(t, c.calls, fmt.Sprint("call-", maxCalls))
	assert.NotContains(t, c.calls, "call-0")
}

// BenchmarkSelect is what a board of a full hour costs.
func BenchmarkSelect(b *testing.B) {
	now := time.Date(2026, 11, 18, 8, 0, 0, 0, time.UTC)
	c := New(func() time.Time { return now })
	for i := range maxCalls {
		see(c, fmt.Sprint("call-", i), "retail", now.Add(time.Duration(i)*100*time.Millisecond), map[int][]event.Data{
			0: {event.CallStarted{Channel: "c"}, event.StepStarted{Step: "pin"}, event.CallEnded{End: event.EndRouted}},
		})
	}
	for b.Loop() {
		c.Select(func(call Call) bool { return call.Line == "retail" })
	}
}
