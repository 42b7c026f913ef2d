package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
)

func TestDoctorFindsAChangedAuditLogAndAReportThatFailed(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	code, _, stderr := countersign(t, "id,name,phones,account,pin\nC-1,Ada,+15551230001,100042,246813\n", "--data", data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	reports, err := reportsdb.Open(t.Context(), filepath.Join(data, "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	_, stdout, _ := countersign(t, "", "--data", data, "doctor", "--nats", "nats://127.0.0.1:1")
	assert.Contains(t, stdout, "ok       audit       1 record, none was changed")
	assert.Contains(t, stdout, "skipped  reports     NATS does not answer")
	assert.Contains(t, stdout, "ok       schedules   0 schedules")

	fails(t, reports.Schedules(), "weekly", "mail.example: connection refused")
	require.NoError(t, reports.Close())
	db, err := sql.Open("sqlite3", filepath.Join(data, "audit.db"))
	require.NoError(t, err)
	_, err = db.Exec("DROP TRIGGER entries_are_not_changed; UPDATE entries SET detail = 'nothing'")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	code, stdout, _ = countersign(t, "", "--data", data, "doctor", "--nats", "nats://127.0.0.1:1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "problem  audit")
	assert.Contains(t, stdout, "problem  schedules   the report weekly that was due at 2026-03-0")
	assert.Contains(t, stdout, "failed: mail.example: connection refused")
	assert.Contains(t, stdout, "→ mend it, then countersign report run weekly")
}

// fails lets a scheduled report fail.
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
	require.NoError(t, kept.Finish(ctx, schedule.Result{Name: name, Due: due, Claim: claim, Ended: due, Error: why, Retry: due.Add(time.Hour)}))
}
