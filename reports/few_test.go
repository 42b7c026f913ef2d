package reports

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportstest"
	"countersign/session/event"
)

// three are 100 calls, of which 3 failed: they must not be found out.
func three(t *testing.T) *reportstest.Archive {
	a := reportstest.New(t)
	at := time.Date(2026, 10, 20, 5, 0, 0, 0, time.UTC)
	for i := range 100 {
		c := reportstest.Call{
			Line: "retail", At: at.Add(time.Duration(i) * time.Minute), Customer: "C-1", By: event.MethodANI,
			Proof: []event.Method{event.MethodPIN}, Verdict: 11300 * time.Millisecond,
			Asked: []event.AttemptResult{"accepted"},
		}
		if i >= 97 {
			c.Line, c.At = "bank", at.Add(24*time.Hour)
			c.Proof, c.Reason, c.Step, c.Asked = nil, event.ReasonLocked, "pin", []event.AttemptResult{"rejected"}
		}
		a.Add(c)
	}
	return a
}

func TestNoSmallCountIsFoundOutFromARoundedReport(t *testing.T) {
	t.Parallel()
	a := three(t)
	q := Query{Period: period(t, "2026-10-20", "2026-10-21", time.UTC), Rounded: true}
	for _, name := range []string{"summary", "ani", "verified", "failed", "funnel"} {
		for _, compare := range []bool{false, true} {
			q.Compare, q.By = compare, nil
			r, rows := read(a, name, q)
			assert.Contains(t, r.Notes, noteRounded)
			for _, row := range rows {
				for i, c := range r.Columns {
					switch v := row[i].(type) {
					case int64:
						assert.Zero(t, v%Few, "%s: %s of %v", name, c.Key, row)
					case float64:
						assert.InDelta(t, v, float64(int64(v)), 0.11, "%s: %s of %v is too exact", name, c.Key, row)
					}
				}
			}
			for _, n := range r.Numbers {
				if v, ok := n.Value.(int64); ok {
					assert.Zero(t, v%Few, "%s: %s", name, n.Key)
				}
			}
		}
	}
}

func TestSumsAndSharesDoNotGiveSmallCountsAway(t *testing.T) {
	t.Parallel()
	a := three(t)
	q := Query{Period: period(t, "2026-10-20", "2026-10-21", time.UTC), Rounded: true}
	r, rows := read(a, "summary", q)
	total := cell(t, r, rows, "calls", "total")
	rest := cell(t, r, rows, "calls", "line", "retail")
	assert.EqualValues(t, 100, total)
	assert.EqualValues(t, 95, rest, "97: total less the rest is not 3")
	assert.Nil(t, cell(t, r, rows, "calls", "line", "bank"))
	assert.Nil(t, cell(t, r, rows, "failed", "total"))
	assert.Nil(t, cell(t, r, rows, "failed_percent", "total"), "3 % of 100 calls are 3")
	assert.InDelta(t, 95.0, cell(t, r, rows, "verified_percent", "total"), 0, "97 % would leave 3")
	assert.InDelta(t, 100.0, cell(t, r, rows, "verified_percent", "line", "retail"), 0)
	assert.EqualValues(t, 0, cell(t, r, rows, "locked", "line", "retail"), "none is none")
	assert.Nil(t, cell(t, r, rows, "median_seconds", "line", "bank"))
	assert.InDelta(t, 11.0, cell(t, r, rows, "mean_seconds", "line", "retail"), 0)

	r, rows = read(a, "failed", q)
	assert.Nil(t, cell(t, r, rows, "share_percent", "reason", "locked"))
	r, rows = read(a, "funnel", q)
	assert.Nil(t, cell(t, r, rows, "total_seconds", "retail", "pin", "all"), "divided by the mean it is the exact count")

	q.Compare = true
	r, rows = read(a, "summary", q)
	assert.Nil(t, cell(t, r, rows, "now", "total", "", "failed"))
	assert.Nil(t, cell(t, r, rows, "change", "total", "", "failed"), "what was 0 before would show the rest")
}

func TestARoundedReportCountsNoPartOfADay(t *testing.T) {
	t.Parallel()
	a := three(t)
	reader := NewReader(a.DB(), func() time.Time { return reportstest.Later })
	hours := period(t, "2026-10-20T05:00:00Z", "2026-10-20T06:15:00Z", time.UTC)
	days := period(t, "2026-10-20", "2026-10-21", time.UTC)
	nothing := func(*Report) error { return nil }
	require.ErrorIs(t, reader.Read(t.Context(), "summary", Query{Period: hours, Rounded: true}, nothing), ErrNotRounded)
	require.ErrorIs(t, reader.Read(t.Context(), "calls", Query{Period: days, Rounded: true}, nothing), ErrNotRounded)
	require.NoError(t, reader.Read(t.Context(), "summary", Query{Period: hours}, nothing))
}
