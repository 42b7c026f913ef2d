package reports

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportstest"
	"countersign/session/event"
)

// told reads a statement: the cells of each row by the names of its columns.
func told(a *reportstest.Archive, statement string) (all []map[string]any) {
	a.T.Helper()
	found, err := a.DB().Query(statement)
	require.NoError(a.T, err, statement)
	defer func() { require.NoError(a.T, found.Close()) }()
	columns, err := found.Columns()
	require.NoError(a.T, err)
	for found.Next() {
		cells, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		require.NoError(a.T, found.Scan(into...))
		row := map[string]any{}
		for i, c := range columns {
			row[c] = cells[i]
		}
		all = append(all, row)
	}
	require.NoError(a.T, found.Err())
	return all
}

func keyOf(names ...any) string {
	var s []string
	for _, n := range names {
		s = append(s, Plain(n))
	}
	return strings.Join(s, "|")
}

func TestTheStatementReadsWhatTheReportSays(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	a.Add(manyCalls(300)...)
	berlin := reportstest.Zone(t, "Europe/Berlin")
	for _, name := range []string{"summary", "ani", "verified", "failed", "funnel"} {
		for _, lines := range [][]string{nil, {"retail"}, {"retail", "bank"}} {
			q := Query{Period: period(t, "2026-10-20", "2026-10-31", berlin), Lines: lines, By: Sections(name)}
			r, rows := read(a, name, q)
			require.Len(t, r.SQL, 1)
			if lines != nil {
				assert.Contains(t, r.SQL[0], "'retail'")
			}
			assertSame(t, r, rows, told(a, r.SQL[0]))
		}
	}
}

// assertSame compares every row that counts something.
func assertSame(t *testing.T, r *Report, rows []Row, got []map[string]any) {
	t.Helper()
	names := []string{"by", "what"}
	if r.Name == "funnel" {
		names = []string{"line", "step", "attempt"}
	}
	byName := map[string]map[string]any{}
	for _, row := range got {
		var key []any
		for _, n := range names {
			key = append(key, row[n])
		}
		byName[keyOf(key...)] = row
	}
	compared := 0
	for _, row := range rows {
		empty := true
		for i, c := range r.Columns {
			if n, ok := row[i].(int64); ok && c.Kind == Count && n > 0 {
				empty = false
			}
		}
		if empty {
			continue // days and hours without calls
		}
		key := keyOf([]any(row[:len(names)])...)
		same, ok := byName[key]
		if !assert.True(t, ok, "%s: the statement has no row %s", r.Name, key) {
			return
		}
		compared++
		for i, c := range r.Columns {
			value, ok := same[c.Key]
			if c.Names || c.Key == "served" {
				continue
			}
			require.True(t, ok, "%s: the statement has no column %s", r.Name, c.Key)
			if row[i] == nil {
				assert.Nil(t, value, "%s %s %s", r.Name, key, c.Key)
				continue
			}
			assert.InDelta(t, Float(row[i]), Float(value), 1e-9, "%s %s %s", r.Name, key, c.Key)
		}
	}
	assert.Greater(t, compared, 3)
	assert.Len(t, got, compared, "%s: the statement has rows that the report has not", r.Name)
}

func TestAComparisonHasAStatementForEachPeriod(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	q := Query{Period: period(t, "2026-10-25", "2026-10-25", reportstest.Zone(t, "Europe/Berlin")), Compare: true}
	r, rows := read(a, "summary", q)
	require.Len(t, r.SQL, 2)
	for i, key := range []string{"now", "before"} {
		assert.EqualValues(t, cell(t, r, rows, key, "total", "", "calls"), told(a, r.SQL[i])[0]["calls"])
	}
}

// manyCalls are calls of all kinds over several days.
func manyCalls(n int) (all []reportstest.Call) {
	at := time.Date(2026, 10, 21, 5, 0, 0, 0, time.UTC)
	for i := range n {
		c := reportstest.Call{
			Line: []string{"retail", "bank", "orders"}[i%3], At: at.Add(time.Duration(i) * 37 * time.Minute), Caller: "0001",
			Customer: "C-1", By: []event.Method{event.MethodANI, event.MethodAccount}[i/2%2],
			Verdict: time.Duration(1000+i*i%50_000) * time.Millisecond,
		}
		switch i % 7 {
		case 0, 1, 2:
			c.Proof, c.Asked = []event.Method{event.MethodPIN}, []event.AttemptResult{"rejected", "accepted"}
		case 3:
			c.Proof = []event.Method{event.MethodPIN, event.MethodSMSCode}
		case 4:
			c.Reason, c.Step, c.Asked = event.ReasonWrongAnswer, "pin", []event.AttemptResult{"rejected", "no_input"}
		case 5:
			c.Reason, c.Customer = event.ReasonOptedOut, ""
		case 6:
			c.HungUp, c.Asked = true, []event.AttemptResult{"abandoned"}
		}
		all = append(all, c)
	}
	return all
}

func TestAValueCannotEndAStatement(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	q := Query{
		Period: period(t, "2026-10-20", "2026-10-31", time.UTC), Quiet: true, Lines: []string{"x'; DROP TABLE call_data; --"},
		Calls: Filter{Customer: "'?' OR 1=1"},
	}
	for _, name := range Names() {
		r, _ := read(a, name, q)
		for _, row := range told(a, r.SQL[0]) {
			assert.Contains(t, []any{int64(0), nil}, row["calls"], name)
		}
	}
}

func TestEveryNumberLeadsToItsCalls(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	a.Add(manyCalls(300)...)
	berlin := reportstest.Zone(t, "Europe/Berlin")
	followed := map[string]bool{}
	for _, name := range []string{"summary", "ani", "verified", "failed", "funnel"} {
		q := Query{Period: period(t, "2026-10-21", "2026-10-29", berlin), By: Sections(name), Lines: []string{"bank", "retail"}}
		r, rows := read(a, name, q)
		for _, row := range rows {
			for i, c := range r.Columns {
				trace, ok := r.Trace(row, i)
				if c.Kind == Count && Float(row[i]) > 0 {
					require.True(t, ok, "%s: %v leads nowhere", c.Key, row)
				}
				if !ok {
					continue
				}
				followed[name+" "+c.Key] = true
				lines := q.Lines
				if trace.Line != "" {
					lines = []string{trace.Line}
				}
				found, listed := read(a, "calls", Query{Period: trace.Period, Lines: lines, Calls: trace.Filter, Quiet: true})
				assert.Len(t, told(a, found.SQL[0]), len(listed), "the statement of the calls")
				if name == "funnel" { // several attempts may be of one call
					assert.Positive(t, found.Of, "%s %v", c.Key, row)
					assert.LessOrEqual(t, found.Of, row[i], "%s %v", c.Key, row)
					continue
				}
				assert.Equal(t, row[i], found.Of, "%s: %s of %v", name, c.Key, row)
			}
		}
		for _, n := range r.Numbers {
			if trace, ok := r.TraceNumber(n); ok {
				found, _ := read(a, "calls", Query{Period: trace.Period, Lines: q.Lines, Calls: trace.Filter, Quiet: true})
				assert.Equal(t, n.Value, found.Of, n.Key)
			}
		}
	}
	assert.Greater(t, len(followed), 20)
}

func TestCallsOfAPartOfTheDay(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	q := Query{Period: period(t, "2026-10-24", "2026-10-26", reportstest.Zone(t, "Europe/Berlin"))}
	of := func(f Filter) int64 {
		q.Calls = f
		r, _ := read(a, "calls", q)
		return r.Of
	}
	assert.EqualValues(t, 2, of(Filter{ClockFrom: "02:00", ClockTo: "03:00"}), "the hour that came twice")
	assert.EqualValues(t, 2, of(Filter{ClockFrom: "23:59", ClockTo: "24:00"}))
	assert.EqualValues(t, 4, of(Filter{ClockFrom: "23:30", ClockTo: "00:30"}), "over midnight")
	assert.EqualValues(t, 6, of(Filter{Weekday: "sunday"}), "with a step-up")
	for _, wrong := range []Filter{{ClockFrom: "25:00"}, {Weekday: "Sonntag"}, {Counted: "everything"}} {
		q.Calls = wrong
		err := NewReader(a.DB(), time.Now).Read(t.Context(), "calls", q, func(*Report) error { return nil })
		var unknown *UnknownError
		require.ErrorAs(t, err, &unknown)
	}
}

func TestCallsPageByPage(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	at := time.Date(2026, 10, 21, 5, 0, 0, 0, time.UTC)
	for range 25 { // all at once: the id decides
		a.Add(reportstest.Call{Line: "retail", At: at, Reason: event.ReasonOptedOut, Verdict: time.Second})
	}
	q := Query{Period: period(t, "2026-10-21", "2026-10-21", time.UTC), Limit: 10}
	var seen []string
	for range 3 {
		r, rows := read(a, "calls", q)
		assert.EqualValues(t, 25, r.Of)
		for _, row := range rows {
			id := row[r.column("call")].(string)
			assert.NotContains(t, seen, id)
			seen = append(seen, id)
		}
		q.Older = Place{Started: at.UnixMilli(), Call: seen[len(seen)-1]}
	}
	assert.Len(t, seen, 25)
	assert.True(t, slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }))
}
