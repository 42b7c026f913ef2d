package reports

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportstest"
)

func TestADayBeginsWhereItsClockSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, day, begins string
		hours                   float64
	}{
		{"an ordinary day", "Europe/Berlin", "2026-11-21", "2026-11-20T23:00:00Z", 24},
		{"clocks go forward: 23 hours", "Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 23},
		{"clocks go back: 25 hours", "Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 25},
		{"half an hour: 23.5 hours", "Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 23.5},
		{"there is no midnight, the day begins at one", "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23},
		{"the evening before comes twice", "America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z", 24},
		{"midnight comes twice, the first one counts", "America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 25},
		{"a day that was left out has no hours", "Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0},
		{"the day after it", "Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 24},
		{"Nepal", "Asia/Kathmandu", "2026-01-01", "2025-12-31T18:15:00Z", 24},
		{"no changes at all", "UTC", "2026-03-29", "2026-03-29T00:00:00Z", 24},
	} {
		z := reportstest.Zone(t, c.zone)
		date, err := time.Parse(time.DateOnly, c.day)
		require.NoError(t, err)
		begin, end := startOfDay(today(date), z), startOfDay(today(date)+1, z)
		assert.Equal(t, c.begins, begin.UTC().Format(time.RFC3339), c.name)
		assert.Equal(t, c.hours, end.Sub(begin).Hours(), c.name)
	}
}

func TestEveryMomentFallsOnTheDayWhoseBeginningCameLast(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Australia/Lord_Howe", "Asia/Beirut", "Africa/Cairo",
	} {
		z := reportstest.Zone(t, name)
		for at := time.Date(2018, 1, 1, 0, 0, 0, 0, z); at.Year() < 2019; at = at.Add(15 * time.Minute) {
			day := today(at)
			require.False(t, at.Before(startOfDay(day, z)), "%s %s", name, at)
			require.True(t, at.Before(startOfDay(day+1, z)), "%s %s", name, at)
		}
	}
}

func TestAPeriodIsReadAsItIsMeant(t *testing.T) {
	t.Parallel()
	berlin := reportstest.Zone(t, "Europe/Berlin")
	now := time.Date(2026, 10, 25, 22, 30, 0, 0, time.UTC) // 23:30 in Berlin
	for _, c := range []struct{ from, to, begins, ends, said string }{
		{"", "", "2026-10-19T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "2026-10-19 to 2026-10-25"},
		{"2026-10-25", "", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "2026-10-25"},
		{"", "2026-03-31", "2026-03-25T00:00:00+01:00", "2026-04-01T00:00:00+02:00", "2026-03-25 to 2026-03-31"},
		{"2026-10-01", "2026-10-31", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00", "2026-10-01 to 2026-10-31"},
		{
			"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00",
			"2026-10-25 02:30:00 CEST until 2026-10-25 02:30:00 CET",
		},
		{"2026-10-24T22:00:00Z", "2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "2026-10-25"},
	} {
		p, err := ParsePeriod(c.from, c.to, berlin, now)
		require.NoError(t, err)
		assert.Equal(t, c.begins, p.From.Format(time.RFC3339))
		assert.Equal(t, c.ends, p.To.Format(time.RFC3339))
		assert.Equal(t, c.said, p.String())
		assert.Equal(t, "Europe/Berlin", p.Zone())
	}
	for _, c := range []struct{ from, to, says string }{
		{"tomorrow", "", `--from "tomorrow": write a day such as 2026-11-21`},
		{"2026-02-30", "", `--from "2026-02-30"`},
		{"2026-10-01", "31.10.2026", `--to "31.10.2026"`},
		{"2026-10-31", "2026-10-01", "--from 2026-10-31 is not before --to 2026-10-01"},
		{"2026-10-26", "", "in the future"},
		{"1999-01-01", "", "10 years"},
	} {
		_, err := ParsePeriod(c.from, c.to, berlin, now)
		require.Error(t, err, c)
		assert.Contains(t, err.Error(), c.says)
	}
}

func TestDaysThatHaveNotBegunAreNotInAReport(t *testing.T) {
	t.Parallel()
	berlin := reportstest.Zone(t, "Europe/Berlin")
	p, err := ParsePeriod("2026-10-24", "2026-10-31", berlin, reportstest.Later)
	require.NoError(t, err)
	assert.Len(t, p.days(reportstest.Later), 8)
	assert.Len(t, p.days(p.From.Add(25*time.Hour)), 2)
	assert.Len(t, p.days(p.From), 1)
	assert.Empty(t, p.days(p.From.Add(-time.Hour)))
}
