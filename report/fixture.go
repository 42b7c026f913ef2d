package report

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"countersign/session/event"
	"countersign/store"

	"github.com/stretchr/testify/require"
)

// past is a call that was, for tests to make events of.
type past struct {
	line     string
	at       time.Time
	caller   string
	customer string       // "" was not identified
	by       event.Method // what identified
	proof    []event.Method
	reason   event.Reason // "" is verified; ok with no proof is a line that only identifies
	step     string
	verdict  time.Duration // from the start
	asked    []event.AttemptResult
	hungUp   bool
	stepUp   bool
	first    string
}

// archive is a reports.db and what was put into it.
type archive struct {
	t     *testing.T
	kept  *store.Reports
	calls int
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	kept, err := store.OpenReports(context.Background(), filepath.Join(t.TempDir(), "reports.db"), store.ReportsOptions{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	require.NoError(t, kept.CountedUntil(context.Background(), later))
	return &archive{t: t, kept: kept}
}

func (a *archive) db() *sql.DB { return a.kept.DB() }

// add puts calls into the reports, as the events that Countersign publishes of them.
func (a *archive) add(calls ...past) {
	a.t.Helper()
	var all []event.Event
	for _, c := range calls {
		a.calls++
		all = append(all, c.events(fmt.Sprintf("call-%06d", a.calls))...)
	}
	fresh, err := a.kept.Apply(context.Background(), all)
	require.NoError(a.t, err)
	require.Equal(a.t, len(all), fresh)
}

func (c past) events(id string) (all []event.Event) {
	at := c.at
	say := func(after time.Duration, d event.Data) {
		at = c.at.Add(after)
		n := len(all) + 1
		all = append(all, event.Event{ID: event.ID(id, n), Source: "/countersign/test", Time: at, Call: id, Seq: n, Line: c.line, LineVersion: 1, Data: d})
	}
	say(0, event.CallStarted{Channel: "ch-" + id, CallerLast4: c.caller, CallerWithheld: c.caller == "", Continues: c.first})
	if c.stepUp {
		say(0, event.StepUpRequested{Level: 3, Has: 2})
	}
	status, level := event.StatusNone, 0
	if c.customer != "" {
		status, level = event.StatusIdentified, 1
		say(c.verdict/10, event.Identified{Customer: c.customer, Name: "Nobody's Business", Method: c.by, Status: status, Level: level})
	}
	if len(c.asked) > 0 {
		var attempts []event.Attempt
		for _, r := range c.asked {
			attempts = append(attempts, event.Attempt{Result: r, Milliseconds: 4000})
		}
		result := event.StepFailed
		if c.asked[len(c.asked)-1] == event.AttemptAccepted {
			result = event.StepPassed
		}
		say(c.verdict/5, event.StepStarted{Step: "pin"})
		say(c.verdict/2, event.StepFinished{Step: "pin", Result: result, Milliseconds: int64(4500 * len(c.asked)), Attempts: attempts})
	}
	reason := c.reason
	switch {
	case c.hungUp:
		reason = event.ReasonHungUp
	case len(c.proof) > 0:
		status, level, reason = event.StatusVerified, 1+len(c.proof), event.ReasonOK
		say(c.verdict, event.Verified{Customer: c.customer, Methods: append([]event.Method{c.by}, c.proof...), Status: status, Level: level, Continues: c.first})
	case c.reason != event.ReasonOK && c.reason != event.ReasonClosed:
		say(c.verdict, event.Failed{Step: c.step, Reason: c.reason, Status: status, Level: level, Customer: c.customer, Continues: c.first})
	}
	if c.hungUp {
		say(c.verdict, event.CallEnded{End: event.EndAbandoned, Status: status, Level: level, Reason: reason, Customer: c.customer, Milliseconds: c.verdict.Milliseconds()})
		return all
	}
	say(c.verdict, event.Routed{Outcome: string(status), Destination: "agents XML default", Status: status, Level: level, Reason: reason, Continues: c.first})
	say(c.verdict+time.Second, event.CallEnded{
		End: event.EndRouted, Status: status, Level: level, Reason: reason, Customer: c.customer, Milliseconds: (c.verdict + time.Second).Milliseconds(),
	})
	return all
}

// zone is a time zone of the database.
func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

// period is what --from and --to say.
func period(t *testing.T, from, to string, z *time.Location) Period {
	t.Helper()
	p, err := ParsePeriod(from, to, z, later)
	require.NoError(t, err)
	return p
}

// later is when the tests' reports are made.
var later = time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)

// read makes a report and its rows.
func read(a *archive, name string, q Query) (r *Report, all []Row) {
	a.t.Helper()
	err := NewReader(a.db(), func() time.Time { return later }).Read(context.Background(), name, q, func(made *Report) (err error) {
		all, err = made.collect(1_000_000)
		made.Rows = rows(all)
		r = made
		return err
	})
	require.NoError(a.t, err)
	return r, all
}

// cell finds a value by its row's names and its column's key.
func cell(t *testing.T, r *Report, all []Row, key string, names ...string) any {
	t.Helper()
	for _, row := range all {
		fits := true
		for i, n := range names {
			fits = fits && plain(row[i]) == n
		}
		if fits {
			return row[r.column(key)]
		}
	}
	require.FailNow(t, "no such row", "%v", names)
	return nil
}

// openToWrite opens the file beside the store, to do to it what time does.
func openToWrite(t *testing.T, a *archive) *sql.DB {
	t.Helper()
	var path string
	require.NoError(t, a.db().QueryRow("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path))
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}
