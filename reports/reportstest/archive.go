// Package reportstest fills a reports.db with calls, for tests of reports and their formats.
package reportstest

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/reports/reportsdb"
	"countersign/session/event"
)

// Call is a past call, from which tests make events.
type Call struct {
	Line     string
	At       time.Time
	Caller   string
	Customer string       // "" was not identified
	By       event.Method // identified by
	Proof    []event.Method
	Reason   event.Reason // "" is verified; ok with no proof is a line that only identifies
	Step     string
	Verdict  time.Duration // from the start
	Asked    []event.AttemptResult
	HungUp   bool
	Locked   bool
	StepUp   bool
	First    string
}

// Archive is a reports.db and its calls.
type Archive struct {
	T     *testing.T
	kept  *reportsdb.Reports
	calls int
}

func New(t *testing.T) *Archive {
	t.Helper()
	kept, err := reportsdb.Open(context.Background(), filepath.Join(t.TempDir(), "reports.db"), reportsdb.Options{
		Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	require.NoError(t, kept.CountedUntil(context.Background(), Later))
	return &Archive{T: t, kept: kept}
}

func (a *Archive) DB() *sql.DB { return a.kept.DB() }

// Add counts calls, by the events that Countersign publishes about them.
func (a *Archive) Add(calls ...Call) {
	a.T.Helper()
	var all []event.Event
	for _, c := range calls {
		a.calls++
		all = append(all, c.events(fmt.Sprintf("call-%06d", a.calls))...)
	}
	fresh, err := a.kept.Apply(context.Background(), all)
	require.NoError(a.T, err)
	require.Equal(a.T, len(all), fresh)
}

func (c Call) events(id string) (all []event.Event) {
	at := c.At
	say := func(after time.Duration, d event.Data) {
		at = c.At.Add(after)
		n := len(all) + 1
		all = append(all, event.Event{
			ID: event.ID(id, n), Source: "/countersign/test", Time: at, Call: id, Seq: n, Line: c.Line, LineVersion: 1, Data: d,
		})
	}
	say(0, event.CallStarted{
		Channel: "ch-" + id, CallerLast4: c.Caller, CallerWithheld: c.Caller == "", Continues: c.First,
	})
	if c.StepUp {
		say(0, event.StepUpRequested{Level: 3, Has: 2})
	}
	status, level := event.StatusNone, 0
	if c.Customer != "" {
		status, level = event.StatusIdentified, 1
		say(c.Verdict/10, event.Identified{
			Customer: c.Customer, Name: "Nobody's Business", Method: c.By, Status: status, Level: level,
		})
	}
	if len(c.Asked) > 0 {
		var attempts []event.Attempt
		for _, r := range c.Asked {
			attempts = append(attempts, event.Attempt{Result: r, Milliseconds: 4000})
		}
		result := event.StepFailed
		if c.Asked[len(c.Asked)-1] == event.AttemptAccepted {
			result = event.StepPassed
		}
		say(c.Verdict/5, event.StepStarted{Step: "pin"})
		say(c.Verdict/2, event.StepFinished{
			Step: "pin", Result: result, Milliseconds: int64(4500 * len(c.Asked)), Attempts: attempts,
		})
	}
	if c.Locked {
		say(c.Verdict, event.Locked{Customer: c.Customer})
	}
	reason := c.Reason
	switch {
	case c.HungUp:
		reason = event.ReasonHungUp
	case len(c.Proof) > 0:
		status, level, reason = event.StatusVerified, 1+len(c.Proof), event.ReasonOK
		say(c.Verdict, event.Verified{
			Customer: c.Customer, Methods: append([]event.Method{c.By}, c.Proof...), Status: status, Level: level,
			Continues: c.First,
		})
	case c.Reason != event.ReasonOK && c.Reason != event.ReasonClosed:
		say(c.Verdict, event.Failed{
			Step: c.Step, Reason: c.Reason, Status: status, Level: level, Customer: c.Customer, Continues: c.First,
		})
	}
	if c.HungUp {
		say(c.Verdict, event.CallEnded{
			End: event.EndAbandoned, Status: status, Level: level, Reason: reason, Customer: c.Customer,
			Milliseconds: c.Verdict.Milliseconds(),
		})
		return all
	}
	say(c.Verdict, event.Routed{
		Outcome: string(status), Destination: "agents XML default", Status: status, Level: level, Reason: reason,
		Continues: c.First,
	})
	say(c.Verdict+time.Second, event.CallEnded{
		End: event.EndRouted, Status: status, Level: level, Reason: reason, Customer: c.Customer,
		Milliseconds: (c.Verdict + time.Second).Milliseconds(),
	})
	return all
}

// Zone is a time zone of the database.
func Zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

// Later is when the tests' reports are made.
var Later = time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)

// OpenToWrite opens the file for writing beside the store, for tests that age it.
func OpenToWrite(t *testing.T, a *Archive) *sql.DB {
	t.Helper()
	var path string
	require.NoError(t, a.DB().QueryRow("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path))
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}
