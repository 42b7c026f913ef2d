package reports

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportstest"
	"countersign/reports/words"
	"countersign/session/event"
)

// many are failed calls of a line on a day, a minute apart.
func many(n int, line string, day time.Time) (all []reportstest.Call) {
	for i := range n {
		all = append(all, reportstest.Call{
			Line: line, At: day.Add(time.Duration(i) * time.Minute), Customer: "C-1", By: event.MethodAccount,
			Reason: event.ReasonVelocity, Step: "pin", Verdict: 10 * time.Second,
		})
	}
	return all
}

// compareAt reads a comparison at a moment.
func compareAt(t *testing.T, a *reportstest.Archive, name string, q Query, now time.Time) (r *Report, all []Row) {
	t.Helper()
	q.Compare = true
	err := NewReader(a.DB(), func() time.Time { return now }).Read(context.Background(), name, q,
		func(made *Report) (err error) {
			all, err = made.Collect(10_000)
			r = made
			return err
		})
	require.NoError(t, err)
	return r, all
}

func TestAComparisonWithThePeriodBefore(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	monday := time.Date(2026, 11, 16, 8, 0, 0, 0, time.UTC)
	a.Add(many(1, "retail", monday.AddDate(0, 0, -20))...)
	a.Add(many(8, "retail", monday.AddDate(0, 0, -7))...)
	a.Add(many(2, "old", monday.AddDate(0, 0, -6))...)
	a.Add(many(12, "retail", monday)...)
	a.Add(many(3, "new", monday)...)
	a.Add(reportstest.Call{
		Line: "new", At: monday, Customer: "C-1", By: event.MethodANI, Proof: []event.Method{event.MethodPIN},
		Verdict: 20 * time.Second,
	})
	q := Query{Period: period(t, "2026-11-16", "2026-11-22", time.UTC)}
	r, all := compareAt(t, a, "summary", q, reportstest.Later)
	assert.Equal(t, []string{"by", "what", "number", "now", "before", "change", "change_percent"}, keysOf(r))
	assert.Equal(t, "2026-11-09 to 2026-11-15", r.Before.String())
	assert.Equal(t, []string{"compared with 2026-11-09 to 2026-11-15"}, r.Filters)
	row := func(names ...string) []any {
		t.Helper()
		for _, row := range all {
			if Plain(row[0]) == names[0] && Plain(row[1]) == names[1] && Plain(row[2]) == names[2] {
				return row[3:]
			}
		}
		require.Fail(t, "no such row", names)
		return nil
	}
	for _, c := range []struct {
		names []string
		want  []any
	}{
		{[]string{"total", "", "calls"}, []any{int64(16), int64(10), int64(6), 60.0}},
		{[]string{"total", "", "failed"}, []any{int64(15), int64(10), int64(5), 50.0}},
		{[]string{"total", "", "failed_percent"}, []any{93.8, 100.0, -6.2, nil}},
		{[]string{"total", "", "verified"}, []any{int64(1), int64(0), int64(1), nil}}, // nothing before
		{[]string{"total", "", "median_seconds"}, []any{10.0, 10.0, 0.0, 0.0}},
		{[]string{"line", "retail", "calls"}, []any{int64(12), int64(8), int64(4), 50.0}},
		{[]string{"line", "new", "calls"}, []any{int64(4), int64(0), int64(4), nil}},
		{[]string{"line", "old", "calls"}, []any{int64(0), int64(2), int64(-2), -100.0}},
		{[]string{"line", "old", "failed_percent"}, []any{nil, 100.0, nil, nil}},
	} {
		assert.Equal(t, c.want, row(c.names...), c.names)
	}
	assert.NotContains(t, r.Notes[0], "not complete")
	for i, row := range all {
		if row[0] == "total" && row[2] == "calls" {
			assert.Equal(t, []string{"Calls", "16", "10", "+6", "+60.0"}, []string{
				r.Shown(row, 2), r.Shown(row, 3), r.Shown(row, 4), r.Shown(row, 5), r.Shown(row, 6),
			})
		}
		if row[1] == "old" && row[2] == "calls" {
			assert.Equal(t, "-2 -100.0", r.Shown(row, 5)+" "+r.Shown(row, 6))
			assert.Equal(t, "line", all[i][0])
		}
	}
	q.By = []string{"reason", "weekday"}
	_, all = compareAt(t, a, "failed", q, reportstest.Later)
	assert.Equal(t, []any{int64(15), int64(10), int64(5), 50.0}, row("reason", "velocity", "failed"))
	assert.Equal(t, []any{int64(0), int64(2), int64(-2), -100.0}, row("weekday", "tuesday", "failed"))

	q.Language = words.German
	r, all = compareAt(t, a, "failed", q, reportstest.Later)
	assert.Equal(t, []string{"verglichen mit 2026-11-09 bis 2026-11-15"}, r.Filters)
	assert.Equal(t, "Gescheitert", r.Shown(all[1], 2))
}

func keysOf(r *Report) (keys []string) {
	for _, c := range r.Columns {
		keys = append(keys, c.Key)
	}
	return keys
}

func TestAComparisonSaysWhatIsNotComparable(t *testing.T) {
	t.Parallel()
	berlin := reportstest.Zone(t, "Europe/Berlin")
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, berlin)
	wednesday := monday.Add(2*24*time.Hour + 10*time.Hour + 7*time.Minute)

	t.Run("a period that is not over is compared with the same part", func(t *testing.T) {
		t.Parallel()
		a := reportstest.New(t)
		a.Add(many(1, "retail", monday.AddDate(0, 0, -14))...)
		a.Add(many(4, "retail", monday.AddDate(0, 0, -7))...)
		a.Add(many(9, "retail", monday.AddDate(0, 0, -4))...) // later in its week than now in this
		a.Add(many(5, "retail", monday)...)
		r, all := compareAt(t, a, "summary", Query{Period: ThisWeek.Period(berlin, wednesday)}, wednesday)
		assert.Equal(t, Row{"total", "", "calls", int64(5), int64(4), int64(1), 25.0}, all[0])
		assert.Contains(t, r.Notes[0], "2026-11-25 10:00 and 2026-11-18 10:00")
	})
	t.Run("clocks change in between", func(t *testing.T) {
		t.Parallel()
		now := time.Date(2026, 10, 28, 10, 0, 0, 0, berlin)
		p := ThisWeek.Period(berlin, now)
		end := p.before().sameMoment(p, now)
		assert.Equal(t, "2026-10-21T10:00:00+02:00", end.Format(time.RFC3339))
		march := time.Date(2026, 3, 29, 12, 0, 0, 0, berlin)
		p = ThisWeek.Period(berlin, march)
		assert.Equal(t, "2026-03-22T12:00:00+01:00", p.before().sameMoment(p, march).Format(time.RFC3339))
		last := time.Date(2026, 3, 31, 12, 0, 0, 0, berlin)
		p = ThisMonth.Period(berlin, last)
		assert.Equal(t, p.From, p.before().sameMoment(p, last), "the month before is shorter: all of it")
	})
	t.Run("the service is younger than the period before", func(t *testing.T) {
		t.Parallel()
		a := reportstest.New(t)
		a.Add(many(2, "retail", monday.AddDate(0, 0, -4))...)
		a.Add(many(6, "retail", monday)...)
		q := Query{Period: period(t, "2026-11-23", "2026-11-29", berlin)}
		r, all := compareAt(t, a, "summary", q, reportstest.Later)
		assert.Equal(t, Row{"total", "", "calls", int64(6), int64(2), int64(4), nil}, all[0])
		assert.Contains(t, r.Notes[0], "The period before is not complete: the first call that is counted began at "+
			"2026-11-19 00:00")
	})
	t.Run("months have different lengths", func(t *testing.T) {
		t.Parallel()
		a := reportstest.New(t)
		a.Add(many(2, "retail", time.Date(2026, 1, 1, 0, 0, 0, 0, berlin))...)
		q := Query{Period: period(t, "2026-03-01", "2026-03-31", berlin)}
		r, _ := compareAt(t, a, "summary", q, reportstest.Later)
		assert.Equal(t, "This period has 31 days, the one before 28.", r.Notes[0])
	})
	t.Run("there were no calls at all", func(t *testing.T) {
		t.Parallel()
		q := Query{Period: period(t, "2026-11-23", "2026-11-29", berlin)}
		_, all := compareAt(t, reportstest.New(t), "summary", q, reportstest.Later)
		assert.Equal(t, Row{"total", "", "calls", int64(0), int64(0), int64(0), nil}, all[0])
	})
	t.Run("calls are not compared, and nothing is before it began", func(t *testing.T) {
		t.Parallel()
		a := reportstest.New(t)
		q := Query{Period: Today.Period(berlin, monday), Compare: true}
		never := func(*Report) error { panic("there is no report") }
		r := NewReader(a.DB(), func() time.Time { return monday.Add(time.Minute) })
		require.ErrorIs(t, r.Read(t.Context(), "calls", q, never), ErrNoComparison)
		require.ErrorIs(t, r.Read(t.Context(), "summary", q, never), ErrNothingToCompare)
	})
}

func TestAFunnelIsCompared(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	monday := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	a.Add(reportstest.Call{
		Line: "retail", At: monday.AddDate(0, 0, -40), Reason: event.ReasonWrongAnswer, Step: "pin",
		Asked: []event.AttemptResult{"rejected"},
	}, reportstest.Call{
		Line: "retail", At: monday, Reason: event.ReasonWrongAnswer, Step: "pin",
		Asked: []event.AttemptResult{"rejected", "rejected", "rejected"},
	})
	q := Query{Period: period(t, "2026-11-01", "2026-11-30", reportstest.Zone(t, "Europe/Berlin"))}
	_, all := compareAt(t, a, "funnel", q, reportstest.Later)
	assert.Contains(t, all, Row{"retail", "pin", "all", "asked", int64(1), int64(2), int64(-1), -50.0})
	assert.Contains(t, all, Row{"retail", "pin", "3", "asked", int64(1), int64(1), int64(0), 0.0})
	assert.Contains(t, all, Row{"bank", "pin", "1", "asked", int64(0), int64(1), int64(-1), -100.0})
}

// Titles and explanations are those of every language, also in comparisons.
func TestEveryReportIsInEveryLanguage(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	for _, name := range Names() {
		for _, compare := range []bool{false, Compares(name)} {
			q := Query{
				Period: period(t, "2026-10-24", "2026-10-26", reportstest.Zone(t, "Europe/Berlin")), By: Sections(name),
				Compare: compare,
			}
			r, _ := read(a, name, q)
			english := []string{r.Title}
			for _, c := range append(r.Columns, r.measures...) {
				english = append(english, c.Title, c.Means)
				assert.NotEmpty(t, c.Means, "%s of %s", c.Key, name)
			}
			for _, n := range r.Numbers {
				english = append(english, n.Title)
			}
			for _, text := range english {
				assert.True(t, words.German.Knows(text), "%s: %q is not in german.go", name, text)
			}
		}
	}
}
