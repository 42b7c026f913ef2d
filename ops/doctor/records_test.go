package doctor_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/ops/doctor"
	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
	"countersign/session/event/eventtest"
	"countersign/store/audit"
	"countersign/store/customers"
	"countersign/store/journal"
)

func TestAChangedAuditLogIsAProblem(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	a, err := audit.Open(t.Context(), o.Files.Audit, audit.Options{})
	require.NoError(t, err)
	_, err = a.Append(t.Context(), audit.Entry{Actor: "ada@desk", Action: audit.Imported, Object: "customers"})
	require.NoError(t, err)
	require.NoError(t, a.Close())
	assert.Equal(t, []doctor.Finding{{Check: "audit", State: doctor.OK, Detail: "1 record, unchanged"}},
		found(t, o, "audit"))

	db, err := sql.Open("sqlite3", o.Files.Audit)
	require.NoError(t, err)
	_, err = db.Exec("DROP TRIGGER entries_are_not_changed; UPDATE entries SET detail = 'nothing'")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	assert.Equal(t, doctor.Problem, one(t, o, "audit").State)
	require.NoError(t, os.Remove(o.Files.Audit))
	assert.Equal(t, doctor.Problem, one(t, o, "audit").State, "the notes of its heads show that it existed")
}

func TestAScheduledReportThatFailedIsAProblem(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	reports, err := reportsdb.Open(t.Context(), o.Files.Reports, reportsdb.Options{})
	require.NoError(t, err)
	f := one(t, o, "schedules")
	assert.Equal(t, doctor.OK, f.State)
	assert.Contains(t, f.Detail, "0 schedules")

	fails(t, reports.Schedules(), "weekly", "mail.example: connection refused")
	require.NoError(t, reports.Close())
	f = one(t, o, "schedules")
	assert.Equal(t, doctor.Problem, f.State)
	assert.Contains(t, f.Detail, "the report weekly that was due at 2026-03-0")
	assert.Contains(t, f.Detail, "failed: mail.example: connection refused")
	assert.Equal(t, "fix the cause, then countersign report run weekly", f.Do)
}

func TestEventsThatWaitLongForNATSAreNoted(t *testing.T) {
	t.Parallel()
	for age, state := range map[time.Duration]doctor.State{10 * time.Second: doctor.OK, time.Hour: doctor.Note} {
		o := fresh(t)
		j, err := journal.Open(t.Context(), o.Files.Journal, journal.Options{})
		require.NoError(t, err)
		events := eventtest.Verified("call-1", "C-1", time.Now().Add(-age))
		require.NoError(t, j.Append(events...))
		require.NoError(t, j.Close(t.Context()))
		f := one(t, o, "journal")
		assert.Equal(t, state, f.State, "%s: %s", age, f.Detail)
		assert.Contains(t, f.Detail, "events wait for NATS")
	}
}

// fails records a failed run of a scheduled report.
func fails(t *testing.T, kept schedule.Store, name, why string) {
	t.Helper()
	cron, err := schedule.ParseCron("0 6 * * 1", time.UTC)
	require.NoError(t, err)
	s := schedule.Schedule{Name: name, Cron: cron}
	began, due := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, kept.Begin(ctx, []schedule.Schedule{s}, began))
	claim, ok, err := kept.Claim(ctx, s, due, due, due.Add(time.Minute))
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, kept.Finish(ctx, schedule.Result{
		Name: name, Due: due, Claim: claim, Ended: due, Error: why, Retry: due.Add(time.Hour),
	}))
}

func TestADatabaseThatIsGoneIsAProblem(t *testing.T) {
	t.Parallel()
	for check, open := range map[string]func(ctx context.Context, o doctor.Options) (file string, err error){
		"journal": func(ctx context.Context, o doctor.Options) (string, error) {
			j, err := journal.Open(ctx, o.Files.Journal, journal.Options{})
			return o.Files.Journal, errors.Join(err, j.Close(ctx))
		},
		"reports": func(ctx context.Context, o doctor.Options) (string, error) {
			r, err := reportsdb.Open(ctx, o.Files.Reports, reportsdb.Options{})
			return o.Files.Reports, errors.Join(err, r.Close())
		},
		"audit": func(ctx context.Context, o doctor.Options) (string, error) {
			a, err := audit.Open(ctx, o.Files.Audit, audit.Options{})
			return o.Files.Audit, errors.Join(err, a.Close())
		},
		"customers": func(ctx context.Context, o doctor.Options) (string, error) {
			pepper, err := customers.LoadPepper(o.Files.Pepper)
			if err != nil {
				return "", err
			}
			d, err := customers.Open(ctx, o.Files.Customers, customers.Options{Pepper: pepper})
			return o.Files.Customers, errors.Join(err, d.Close())
		},
	} {
		t.Run(check, func(t *testing.T) {
			t.Parallel()
			o := fresh(t)
			file, err := open(t.Context(), o)
			require.NoError(t, err)
			require.NoError(t, os.Remove(file))
			f := one(t, o, check)
			assert.Equal(t, doctor.Problem, f.State)
			assert.Contains(t, f.Detail, "is missing, but there was one: restore it from a backup")
		})
	}
}

func TestEventsThatWaitInTheSpillAreAProblem(t *testing.T) {
	t.Parallel()
	o := fresh(t)
	j, err := journal.Open(t.Context(), o.Files.Journal, journal.Options{Spill: 1 << 20})
	require.NoError(t, err)
	assert.Equal(t, doctor.OK, one(t, o, "journal").State)
	db, err := sql.Open("sqlite3", o.Files.Journal+"?_txlock=immediate")
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	require.NoError(t, j.Append(eventtest.Verified("a", "C-1", eventtest.Noon)...))
	require.NoError(t, j.Sync(t.Context()))
	f := one(t, o, "journal")
	assert.Equal(t, doctor.Problem, f.State)
	assert.Contains(t, f.Detail, "3 events wait in "+journal.SpillPath(o.Files.Journal))
	require.NoError(t, tx.Rollback())
	require.NoError(t, db.Close())
	require.NoError(t, j.Close(t.Context()))
	assert.NotEqual(t, doctor.Problem, one(t, o, "journal").State)
}
