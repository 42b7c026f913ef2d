package reports

import (
	"slices"
	"strings"
	"time"
)

// Trace says which calls a number of a report counts.
type Trace struct {
	Filter Filter
	Period Period
	// Line is one line, or "" for those of the report.
	Line string
}

// Trace finds the calls behind a cell; ok is false if the cell counts none. A question that was asked several times in
// a call counts several times, and is one call.
func (r *Report) Trace(row Row, column int) (t Trace, ok bool) {
	t.Period = r.Period
	key := r.Columns[column].Key
	if n, isCount := row[column].(int64); !isCount || n == 0 {
		return t, false
	}
	if r.Name == "funnel" {
		return r.traceQuestion(t, row, key)
	}
	if key == "now" || key == "before" {
		if key == "before" {
			t.Period = *r.Before
		}
		key, _ = row[r.column("number")].(string)
	}
	if _, ok := counted[key]; !ok || len(row) < 2 {
		return t, false
	}
	t.Filter.Counted = key
	by, _ := row[0].(string)
	return t, t.part(by, row[1])
}

// TraceNumber finds the calls behind one of the numbers that matter most.
func (r *Report) TraceNumber(n Number) (t Trace, ok bool) {
	if v, isCount := n.Value.(int64); !isCount || v == 0 {
		return t, false
	}
	if _, ok := counted[n.Key]; !ok {
		return t, false
	}
	return Trace{Filter: Filter{Counted: n.Key}, Period: r.Period}, true
}

// part narrows it down to one part of a section.
func (t *Trace) part(by string, what any) bool {
	is := Plain(what)
	switch by {
	case "total":
	case "line":
		t.Line = is
	case "methods":
		t.Filter.Methods = is
	case "reason":
		t.Filter.Failed, t.Filter.Reason = true, is
	case "step":
		t.Filter.Failed, t.Filter.FailedStep = true, is
	case "weekday":
		t.Filter.Weekday = is
	case "hour":
		t.Filter.ClockFrom = is
		from, _, _ := t.Filter.clock()
		t.Filter.ClockTo = clockText(from + hour)
	default:
		return t.days(by, what)
	}
	return true
}

// days narrows the period down to a day, week, month or quarter.
func (t *Trace) days(by string, what any) bool {
	zone := t.Period.From.Location()
	u, ok := units[by]
	if !ok {
		return false
	}
	var found []Day
	for _, d := range t.Period.days(t.Period.To) {
		if u.code(u.key(int64(d)*day)) == what {
			found = append(found, d)
		}
	}
	if len(found) == 0 {
		return false
	}
	first, last := startOfDay(slices.Min(found), zone), startOfDay(slices.Max(found)+1, zone)
	t.Period = Period{later(t.Period.From, first), earlier(t.Period.To, last)}
	return true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (r *Report) traceQuestion(t Trace, row Row, key string) (Trace, bool) {
	t.Line, _ = row[r.column("line")].(string)
	t.Filter.Asked, _ = row[r.column("step")].(string)
	attempt, _ := row[r.column("attempt")].(string)
	if attempt != "all" {
		t.Filter.Attempt = attempt
	}
	switch key {
	case "asked":
	case "success":
		if t.Filter.Result = "accepted"; attempt == "all" {
			t.Filter.Result = resultPassed
		}
	case "errors":
		t.Filter.Result = "error"
	case "rejected", "no_input", "no_match", "opted_out", "abandoned", "served":
		t.Filter.Result = key
	default:
		return t, false
	}
	return t, true
}

// quoted is a text in SQL.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
