package reports

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportstest"
	"countersign/session/event"
)

// partOf names the part of a section that a moment falls in, as a calendar does.
func partOf(by string, at time.Time) string {
	switch by {
	case "week":
		year, week := at.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	case "month":
		return at.Format("2006-01")
	case "quarter":
		return fmt.Sprintf("%d-Q%d", at.Year(), (at.Month()+2)/3)
	case "weekday":
		return strings.ToLower(at.Weekday().String())
	case "hour":
		return at.Format("15") + ":00"
	default:
		return at.Format(time.DateOnly)
	}
}

func TestCallsCountInTheWeekMonthWeekdayHourAndQuarterOfTheirZone(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	r := rand.New(rand.NewPCG(9, 9))
	var began []time.Time
	begin := time.Date(2025, 9, 20, 0, 0, 0, 0, time.UTC)
	for range 400 {
		at := begin.Add(time.Duration(r.Int64N(int64(420 * 24 * time.Hour))))
		if r.IntN(3) == 0 { // where clocks change, and where years and weeks begin
			odd := []time.Time{
				time.Date(2025, 10, 26, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC),
				time.Date(2025, 12, 28, 20, 0, 0, 0, time.UTC), time.Date(2025, 12, 31, 20, 0, 0, 0, time.UTC),
				time.Date(2026, 10, 3, 14, 0, 0, 0, time.UTC), time.Date(2025, 11, 2, 4, 0, 0, 0, time.UTC),
			}
			at = odd[r.IntN(len(odd))].Add(time.Duration(r.Int64N(int64(8 * time.Hour))))
		}
		began = append(began, at)
		a.Add(reportstest.Call{Line: "retail", At: at, Reason: event.ReasonNotFound, Verdict: time.Second})
	}
	for _, name := range []string{
		"Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati", "UTC",
	} {
		zone := reportstest.Zone(t, name)
		q := Query{Period: period(t, "2025-09-22", "2026-11-08", zone)}
		for _, by := range timeSections {
			want := map[string]int64{}
			for _, at := range began {
				if at = at.In(zone); !at.Before(q.Period.From) && at.Before(q.Period.To) {
					want[partOf(by, at)]++
				}
			}
			q.By = []string{by}
			_, rows := read(a, "summary", q)
			got, sum := map[string]int64{}, int64(0)
			for _, row := range rows[1:] {
				require.Equal(t, by, row[0])
				if n := row[2].(int64); n > 0 {
					got[Plain(row[1])] = n
					sum += n
				}
			}
			assert.Equal(t, want, got, "%s in %s", by, name)
			assert.Equal(t, rows[0][2], sum, "%s in %s: the parts are the total", by, name)
			for n := range rows[2:] { // in order
				if by != "weekday" {
					assert.Less(t, Plain(rows[n+1][1]), Plain(rows[n+2][1]))
				}
			}
		}
	}
}

func TestPartsOfTimeAreInAReportWithoutCalls(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	for _, c := range []struct {
		by    string
		parts []string
	}{
		{"week", []string{"2026-W52", "2026-W53", "2027-W01"}},
		{"month", []string{"2026-12", "2027-01"}},
		{"quarter", []string{"2026-Q4", "2027-Q1"}},
		{"weekday", []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}},
	} {
		q := Query{Period: period(t, "2026-12-27", "2027-01-05", time.UTC), By: []string{c.by}}
		later := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)
		var got []string
		require.NoError(t, NewReader(a.DB(), func() time.Time { return later }).Read(t.Context(), "ani", q,
			func(r *Report) error {
				rows, err := r.Collect(100)
				for _, row := range rows[1:] {
					got = append(got, Plain(row[1]))
				}
				return err
			}))
		assert.Equal(t, c.parts, got, c.by)
	}
}
