package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// told is an event as it stands in the journal, read without anything of ours.
type told struct {
	ID, Call, Line, Type string
	LineVersion, Seq     int
	Time                 time.Time
	Data                 struct {
		Status, Reason, Customer, End, Step, Result, Method, Outcome, Destination, Continues string
		Level                                                                                int
		MS                                                                                   int64
		Methods                                                                              []string
		Attempts                                                                             []struct {
			Result string
			MS     int64
		}
	}
}

func (e told) fact() string { return e.Type[strings.LastIndexByte(e.Type, '.')+1:] }

// figures are what is counted: by view, then by what the row is about, which begins with the call if it is about one. A
// row is its cells.
type figures map[string]map[string]string

func (f figures) put(view, about string, cells ...any) {
	if f[view] == nil {
		f[view] = map[string]string{}
	}
	words := make([]string, len(cells))
	for i, c := range cells {
		if words[i] = fmt.Sprint(c); c == nil {
			words[i] = ""
		}
	}
	f[view][about] = strings.Join(words, " ")
}

// differences says, row by row, where reports are not what the journal has.
func (f figures) differences(reports figures) (all []string) {
	for _, view := range slices.Sorted(maps.Keys(reportedViews)) {
		rows := maps.Clone(f[view])
		if rows == nil {
			rows = map[string]string{}
		}
		maps.Copy(rows, reports[view])
		for _, about := range slices.Sorted(maps.Keys(rows)) {
			if j, r := f[view][about], reports[view][about]; j != r {
				all = append(all, fmt.Sprintf("%s of %s: the journal has %q, reports have %q", about, view, j, r))
			}
		}
	}
	return all
}

// reportedViews are read as they are; the first column is what a row is about.
var reportedViews = map[string]string{
	"calls": `SELECT call, line, started, status, level, reason, customer, methods, "end", ms, outcome, destination,
		verdict FROM calls`,
	"call_steps": `SELECT call || ' ' || position, step, result, reason, ms, attempts, accepted, rejected, no_input,
		no_match, opted_out, abandoned, errors, served
		FROM call_steps`,
	"attempts":          "SELECT call || ' ' || step || ' ' || attempt, result, ms FROM attempts",
	"identified_by_ani": "SELECT call, customer, status, level FROM identified_by_ani",
	"verified":          "SELECT call, customer, level, methods FROM verified",
	"failed":            "SELECT call, customer, status, reason, step FROM failed",
	"daily": `SELECT day || ' ' || line, calls, identified_by_ani, identified, verified, failed, none, abandoned,
		opted_out, locked, unavailable, closed, step_ups,
		ms, verify_ms FROM daily`,
	"funnel": `SELECT line || ' ' || step || ' ' || attempt, asked, accepted, rejected, no_input, no_match, opted_out,
		abandoned, errors, ms FROM funnel`,
}

// readOnly opens a database beside those who write to it.
func readOnly(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro&_busy_timeout=5000")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func reportedIn(t *testing.T, folder string) figures {
	t.Helper()
	db := readOnly(t, filepath.Join(folder, "reports.db"))
	f := figures{}
	for view, query := range reportedViews {
		rows, err := db.QueryContext(t.Context(), query)
		require.NoError(t, err)
		columns, err := rows.Columns()
		require.NoError(t, err)
		for rows.Next() {
			cells, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range cells {
				into[i] = &cells[i]
			}
			require.NoError(t, rows.Scan(into...))
			f.put(view, fmt.Sprint(cells[0]), cells[1:]...)
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return f
}

// journalled are the events of a journal by their call, in order, and their text by id.
func journalled(t *testing.T, path string) (calls map[string][]told, bodies map[string]string) {
	t.Helper()
	rows, err := readOnly(t, path).QueryContext(context.Background(), "SELECT id, json FROM events ORDER BY call, seq")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	calls, bodies = map[string][]told{}, map[string]string{}
	for rows.Next() {
		var id, body string
		var e told
		require.NoError(t, rows.Scan(&id, &body))
		require.NoError(t, json.Unmarshal([]byte(body), &e))
		require.Equal(t, id, e.ID)
		calls[e.Call], bodies[id] = append(calls[e.Call], e), body
	}
	require.NoError(t, rows.Err())
	return calls, bodies
}

// tally adds up rows of numbers.
type tally map[string][]int

func (t tally) add(about string, numbers ...int) {
	if t[about] == nil {
		t[about] = make([]int, len(numbers))
	}
	for i, n := range numbers {
		t[about][i] += n
	}
}

// recounted counts events slowly and plainly. A call that came back did so for a step-up.
func recounted(calls map[string][]told) figures {
	f, daily, funnel := figures{}, tally{}, tally{}
	for call, events := range calls {
		first := events[0]
		var status, reason, customer, methods, by, verdict, end, outcome, destination string
		var level, position, lasted int
		var decided, routed time.Time
		var locked, failed bool
		var failedReason, failedStep string
		asked := map[string]int{}
		for _, e := range events {
			d := e.Data
			switch e.fact() {
			case "identified", "verified", "failed", "routed", "call_ended":
				status, level = d.Status, d.Level
				if d.Reason != "" {
					reason = d.Reason
				}
				if d.Customer != "" && e.fact() != "routed" {
					customer = d.Customer
				}
				if len(d.Methods) > 0 {
					methods = strings.Join(d.Methods, ",")
				}
			}
			switch e.fact() {
			case "identified":
				if by == "" {
					by = d.Method
				}
			case "verified":
				verdict, decided, reason = "verified", e.Time, "ok"
			case "failed":
				verdict, decided, failed, failedReason, failedStep = "failed", e.Time, true, d.Reason, d.Step
			case "routed":
				routed, outcome, destination = e.Time, d.Outcome, d.Destination
			case "locked":
				locked = true
			case "call_ended":
				end, lasted = d.End, int(d.MS)
			case "step_started":
				position++
				f.put("call_steps", fmt.Sprint(call, " ", position), d.Step, "", "", "", 0, 0, 0, 0, 0, 0, 0, 0, 0)
			case "step_finished":
				came := map[string]int{}
				for _, a := range d.Attempts {
					asked[d.Step]++
					came[a.Result]++
					n := asked[d.Step]
					f.put("attempts", fmt.Sprint(call, " ", d.Step, " ", n), a.Result, a.MS)
					is := func(result string) int { return one(a.Result == result) }
					funnel.add(fmt.Sprint(e.Line, " ", d.Step, " ", n), 1, is("accepted"), is("rejected"), is("no_input"),
						is("no_match"), is("opted_out"), is("abandoned"),
						is("error"), int(a.MS))
				}
				f.put("call_steps", fmt.Sprint(call, " ", position), d.Step, d.Result, d.Reason, d.MS, len(d.Attempts),
					came["accepted"], came["rejected"], came["no_input"],
					came["no_match"], came["opted_out"], came["abandoned"], came["error"], came["served"])
			}
		}
		if end != "routed" {
			outcome, destination = "", ""
		}
		f.put("calls", call, first.Line, first.Time.UnixMilli(), status, level, reason, customer, methods, end, lasted,
			outcome, destination, verdict)
		day := first.Time.UTC().Format(time.DateOnly) + " " + first.Line
		if isStepUp(events) {
			daily.add(day, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0)
			continue
		}
		if by == "ani" {
			f.put("identified_by_ani", call, customer, status, level)
		}
		if verdict == "verified" {
			f.put("verified", call, customer, level, methods)
		}
		if failed {
			f.put("failed", call, customer, status, failedReason, failedStep)
		}
		if decided.IsZero() {
			decided = routed
		}
		took := 0
		if !decided.IsZero() {
			took = int(decided.UnixMilli() - first.Time.UnixMilli())
		}
		daily.add(day, 1, one(by == "ani"), one(by != ""), one(verdict == "verified"), one(failed), one(status == "none"),
			one(end == "abandoned"), one(reason == "opted_out"), one(locked),
			one(reason == "unavailable"), one(reason == "closed"), 0, lasted, took)
	}
	for view, sums := range map[string]tally{"daily": daily, "funnel": funnel} {
		for about, numbers := range sums {
			cells := make([]any, len(numbers))
			for i, n := range numbers {
				cells[i] = n
			}
			f.put(view, about, cells...)
		}
	}
	return f
}

// isStepUp says that a call came back for more proof. While NATS is away it does not know what it continues.
func isStepUp(call []told) bool {
	return slices.ContainsFunc(call, func(e told) bool { return e.Data.Continues != "" || e.fact() == "step_up_requested" })
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}
