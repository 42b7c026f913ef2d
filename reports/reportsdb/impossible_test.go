package reportsdb

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

func TestAnEventWithAnImpossibleTimeHoldsNothingUp(t *testing.T) {
	t.Parallel()
	r := openReports(t, filepath.Join(t.TempDir(), "reports.db"))
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	of := func(call string, seq int, at time.Time, d event.Data) event.Event {
		return event.Event{
			ID: event.ID(call, seq), Source: "/countersign/test", Time: at, Call: call, Seq: seq, Line: "a", LineVersion: 1,
			Data: d,
		}
	}
	bad := []event.Event{
		of("old", 1, time.Date(0, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600)), event.CallStarted{Channel: "x"}),
	}
	for _, ms := range []int64{math.MaxInt64, math.MinInt64, longest + 1} {
		bad = append(bad, of("a", 2, now, event.CallEnded{End: event.EndRouted, Milliseconds: ms}),
			of("a", 3, now, event.StepFinished{Step: "pin", Milliseconds: ms}),
			of("a", 4, now, event.StepFinished{Step: "pin", Attempts: []event.Attempt{{Milliseconds: ms}}}))
	}
	for _, e := range bad {
		fresh, err := r.Apply(deadline(t), []event.Event{of("b", e.Seq, now, event.StepStarted{Step: "pin"}), e})
		require.NoError(t, err, "%v", e)
		assert.LessOrEqual(t, fresh, 1)
	}
	applyAll(t, r, of("c", 1, now, event.CallStarted{Channel: "x"}), of("c", 2, now, event.CallEnded{
		End: event.EndInterrupted, Milliseconds: 90 * dayWidth,
	}))
	assert.Equal(t, "c|7776000000", table(t, r, "SELECT call, ms FROM calls"), "a service that was down for long")
}
