package reports

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportstest"
)

func TestPeriodsAreTheDaysBeforeTheReportIsDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		period            PeriodWord
		due, first, last  string
		whyItIsInTheTable string
	}{
		{Yesterday, "2026-11-22T06:00:00+01:00", "2026-11-21", "2026-11-21", ""},
		{Yesterday, "2026-11-22T00:00:00+01:00", "2026-11-21", "2026-11-21", "the first moment of a day"},
		{Yesterday, "2028-03-01T06:00:00+01:00", "2028-02-29", "2028-02-29", "a leap year"},
		{Yesterday, "2027-01-01T06:00:00+01:00", "2026-12-31", "2026-12-31", "another year"},
		{Yesterday, "2026-03-29T03:00:00+02:00", "2026-03-28", "2026-03-28", "a time that did not exist"},
		{Last7Days, "2026-11-22T06:00:00+01:00", "2026-11-15", "2026-11-21", ""},
		{Last7Days, "2026-03-03T06:00:00+01:00", "2026-02-24", "2026-03-02", "another month"},
		{LastWeek, "2026-11-23T06:00:00+01:00", "2026-11-16", "2026-11-22", "a Monday"},
		{LastWeek, "2026-11-22T23:59:00+01:00", "2026-11-09", "2026-11-15", "a Sunday"},
		{LastWeek, "2026-11-25T06:00:00+01:00", "2026-11-16", "2026-11-22", "a Wednesday"},
		{LastWeek, "2027-01-01T06:00:00+01:00", "2026-12-21", "2026-12-27", "a Friday in another year"},
		{LastMonth, "2026-11-01T06:00:00+01:00", "2026-10-01", "2026-10-31", ""},
		{LastMonth, "2026-03-31T06:00:00+02:00", "2026-02-01", "2026-02-28", "a day that the month before has not"},
		{LastMonth, "2027-01-15T06:00:00+01:00", "2026-12-01", "2026-12-31", "another year"},
		{Last30Days, "2026-03-03T06:00:00+01:00", "2026-02-01", "2026-03-02", "another month"},
		{Today, "2026-03-29T23:59:00+02:00", "2026-03-29", "2026-03-29", "a day of 23 hours"},
		{ThisWeek, "2026-11-25T06:00:00+01:00", "2026-11-23", "2026-11-29", "it is not over"},
		{ThisWeek, "2026-11-29T23:59:59+01:00", "2026-11-23", "2026-11-29", "its last second"},
		{ThisWeek, "2027-01-01T06:00:00+01:00", "2026-12-28", "2027-01-03", "a week of two years"},
		{ThisMonth, "2028-02-01T00:00:00+01:00", "2028-02-01", "2028-02-29", "a leap year"},
		{ThisQuarter, "2026-12-31T23:00:00+01:00", "2026-10-01", "2026-12-31", ""},
		{LastQuarter, "2026-02-28T06:00:00+01:00", "2025-10-01", "2025-12-31", "another year"},
		{LastQuarter, "2026-05-31T06:00:00+02:00", "2026-01-01", "2026-03-31", "a day that the quarter before has not"},
		{ThisYear, "2026-11-25T06:00:00+01:00", "2026-01-01", "2026-12-31", ""},
		{LastYear, "2026-01-01T00:00:00+01:00", "2025-01-01", "2025-12-31", "the first moment of a year"},
	} {
		due, err := time.Parse(time.RFC3339, c.due)
		require.NoError(t, err)
		first, last := c.period.days(today(due))
		assert.Equal(t, c.first+" "+c.last, first.String()+" "+last.String(), "%s at %s: %s", c.period, c.due,
			c.whyItIsInTheTable)
	}
}

func TestAWordIsTheDaysOfItsZone(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 30, 1, 30, 0, 0, time.UTC) // Sunday in Los Angeles, Monday in Berlin
	for _, c := range []struct {
		word           PeriodWord
		zone, from, to string
		hours          float64
	}{
		{LastWeek, "Europe/Berlin", "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 167},
		{LastWeek, "America/Los_Angeles", "2026-03-16T00:00:00-07:00", "2026-03-23T00:00:00-07:00", 168},
		{Yesterday, "Europe/Berlin", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 23},
		{Yesterday, "America/Los_Angeles", "2026-03-28T00:00:00-07:00", "2026-03-29T00:00:00-07:00", 24},
		{ThisMonth, "Europe/Berlin", "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00", 743},
		{Today, "Pacific/Kiritimati", "2026-03-30T00:00:00+14:00", "2026-03-31T00:00:00+14:00", 24},
	} {
		p := c.word.Period(reportstest.Zone(t, c.zone), now)
		assert.Equal(t, c.from+" "+c.to, p.From.Format(time.RFC3339)+" "+p.To.Format(time.RFC3339), c.word)
		assert.Equal(t, c.hours, p.To.Sub(p.From).Hours())
	}
}

func TestWordsAreEndsOfAPeriod(t *testing.T) {
	t.Parallel()
	berlin := reportstest.Zone(t, "Europe/Berlin")
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) // a Wednesday
	for _, c := range []struct{ from, to, said string }{
		{"yesterday", "yesterday", "2026-11-24"},
		{"yesterday", "", "2026-11-24 to 2026-11-25"},
		{"last_week", "", "2026-11-16 to 2026-11-25"},
		{"last_week", "last_week", "2026-11-16 to 2026-11-22"},
		{"last_month", "yesterday", "2026-10-01 to 2026-11-24"},
		{"2026-11-01", "last_week", "2026-11-01 to 2026-11-22"},
		{"this_year", "2026-03-31", "2026-01-01 to 2026-03-31"},
	} {
		p, err := ParsePeriod(c.from, c.to, berlin, now)
		require.NoError(t, err)
		assert.Equal(t, c.said, p.String(), c)
	}
	for _, word := range []string{"tomorrow", "last week", "LAST_WEEK", "week", "last_fortnight"} {
		_, err := ParsePeriod(word, "", berlin, now)
		assert.ErrorContains(t, err, "last_week", word)
	}
}

func TestThePeriodBefore(t *testing.T) {
	t.Parallel()
	berlin := reportstest.Zone(t, "Europe/Berlin")
	for _, c := range []struct{ from, to, before, why string }{
		{"2026-11-21", "2026-11-21", "2026-11-20", "a day"},
		{"2026-11-16", "2026-11-22", "2026-11-09 to 2026-11-15", "a week"},
		{"2026-03-01", "2026-03-31", "2026-02-01 to 2026-02-28", "a month, however long"},
		{"2026-01-01", "2026-03-31", "2025-10-01 to 2025-12-31", "a quarter"},
		{"2026-01-01", "2026-12-31", "2025-01-01 to 2025-12-31", "a year"},
		{"2026-03-02", "2026-03-31", "2026-01-31 to 2026-03-01", "days that are no month"},
		{"2026-10-25", "2026-10-25", "2026-10-24", "a day of 25 hours"},
		{
			"2026-11-21T08:00:00+01:00", "2026-11-21T12:00:00+01:00",
			"2026-11-21 04:00:00 CET until 2026-11-21 08:00:00 CET", "hours",
		},
	} {
		p, err := ParsePeriod(c.from, c.to, berlin, reportstest.Later)
		require.NoError(t, err)
		assert.Equal(t, c.before, p.before().String(), c.why)
	}
}
