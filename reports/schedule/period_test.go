package schedule_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/schedule"
)

func TestPeriodsAreTheDaysBeforeTheReportIsDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		period            schedule.Period
		due, first, last  string
		whyItIsInTheTable string
	}{
		{schedule.Yesterday, "2026-11-22T06:00:00+01:00", "2026-11-21", "2026-11-21", ""},
		{schedule.Yesterday, "2026-11-22T00:00:00+01:00", "2026-11-21", "2026-11-21", "the first moment of a day"},
		{schedule.Yesterday, "2028-03-01T06:00:00+01:00", "2028-02-29", "2028-02-29", "a leap year"},
		{schedule.Yesterday, "2027-01-01T06:00:00+01:00", "2026-12-31", "2026-12-31", "another year"},
		{schedule.Yesterday, "2026-03-29T03:00:00+02:00", "2026-03-28", "2026-03-28", "a time that did not exist"},
		{schedule.Last7Days, "2026-11-22T06:00:00+01:00", "2026-11-15", "2026-11-21", ""},
		{schedule.Last7Days, "2026-03-03T06:00:00+01:00", "2026-02-24", "2026-03-02", "another month"},
		{schedule.LastWeek, "2026-11-23T06:00:00+01:00", "2026-11-16", "2026-11-22", "a Monday"},
		{schedule.LastWeek, "2026-11-22T23:59:00+01:00", "2026-11-09", "2026-11-15", "a Sunday"},
		{schedule.LastWeek, "2026-11-25T06:00:00+01:00", "2026-11-16", "2026-11-22", "a Wednesday"},
		{schedule.LastWeek, "2027-01-01T06:00:00+01:00", "2026-12-21", "2026-12-27", "a Friday in another year"},
		{schedule.LastMonth, "2026-11-01T06:00:00+01:00", "2026-10-01", "2026-10-31", ""},
		{schedule.LastMonth, "2026-03-31T06:00:00+02:00", "2026-02-01", "2026-02-28", "a day that the month before has not"},
		{schedule.LastMonth, "2027-01-15T06:00:00+01:00", "2026-12-01", "2026-12-31", "another year"},
	} {
		due, err := time.Parse(time.RFC3339, c.due)
		require.NoError(t, err)
		first, last := c.period.Days(due)
		assert.Equal(t, c.first+" "+c.last, first+" "+last, "%s at %s: %s", c.period, c.due, c.whyItIsInTheTable)
	}
	assert.Len(t, schedule.Periods(), 4)
}
