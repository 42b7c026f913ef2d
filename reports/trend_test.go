package reports

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportstest"
	"countersign/session/event"
)

func TestTheTrendComparesWithTheSameDaysOfTheWeeksBefore(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	z := reportstest.Zone(t, "Europe/Berlin")
	nine := time.Date(2026, 11, 9, 9, 0, 0, 0, z) // clocks changed two weeks before
	add := func(at time.Time, calls, verified int, line string) {
		for i := range calls {
			c := reportstest.Call{Line: line, At: at.Add(time.Duration(i) * time.Second), Verdict: time.Second, Reason: event.ReasonNotFound}
			if i < verified {
				c.Customer, c.By, c.Proof, c.Reason = "C-1", event.MethodANI, []event.Method{event.MethodPIN}, ""
			}
			a.Add(c)
		}
	}
	add(nine, 10, 2, "retail")
	for week, verified := range []int{0, 8, 6, 9, 7, 0} { // the last is too long ago
		if week > 0 {
			add(nine.AddDate(0, 0, -7*week), 10, verified, "retail")
		}
	}
	add(nine.AddDate(0, 0, -1), 10, 10, "retail") // another day of the week
	add(nine, 5, 5, "orders")
	reader := NewReader(a.DB(), func() time.Time { return nine.Add(20 * time.Minute) })
	got, err := reader.Trend(t.Context(), TrendQuery{Lines: []string{"retail"}, Zone: z, Weeks: 4})
	require.NoError(t, err)
	require.Len(t, got.Points, 9*4+2, "up to now")
	p := got.Points[36]
	assert.True(t, p.At.Equal(nine))
	assert.Equal(t, TrendPoint{
		At: p.At, Calls: 10, Verified: 2, Percent: 20, Known: true, Low: 60, High: 90, Weeks: 4,
	}, p)
	assert.False(t, got.Points[35].Known, "no calls have no percentage")
	assert.Equal(t, reportstest.Later.UnixMilli(), got.Counted.UnixMilli())

	rounded, err := reader.Trend(t.Context(), TrendQuery{Zone: z, Weeks: 4, Rounded: true})
	require.NoError(t, err)
	assert.EqualValues(t, 15, rounded.Points[36].Calls, "15 calls of which 7 were verified")
	assert.InDelta(t, 45, rounded.Points[36].Percent, 0)
	rounded, err = reader.Trend(t.Context(), TrendQuery{Lines: []string{"retail"}, Zone: z, Weeks: 4, Rounded: true})
	require.NoError(t, err)
	assert.False(t, rounded.Points[36].Known, "2 of 10")
}
