package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/ops/demo"
	"countersign/reports/reportsdb"
	"countersign/session/event/eventtest"
	"countersign/store/journal"
)

// streamOf has a NATS with the events of a month in its stream, and says how many there are. The settings name it.
func streamOf(t *testing.T, calls int) (settings string, events int) {
	t.Helper()
	return streamOfMonth(t, calls, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
}

func streamOfMonth(t *testing.T, calls int, month time.Time) (settings string, events int) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	nats, err := bus.StartEmbedded(bus.EmbeddedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: log})
	require.NoError(t, err)
	t.Cleanup(nats.Shutdown)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	journal, err := journal.Open(ctx, filepath.Join(t.TempDir(), "journal.db"), journal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, journal.Close(ctx)) })
	for call := range (eventtest.History{Seed: 5, Calls: calls, From: month, To: month.AddDate(0, 1, 0)}).All() {
		require.NoError(t, journal.Append(call...))
		events += len(call)
	}
	require.NoError(t, journal.Sync(ctx))
	r := bus.NewRelay(journal, nats.Endpoint(), bus.RelayConfig{}, log)
	relaying, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); r.Run(relaying) }()
	require.NoError(t, r.Flush(ctx))
	stop()
	<-done
	settings = filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(settings, []byte("nats: {url: \""+nats.URL()+"\"}"), 0o600))
	return settings, events
}

// callsReported is how many calls the reports of a data folder count.
func callsReported(t *testing.T, data string) (calls int) {
	t.Helper()
	r, err := reportsdb.Open(t.Context(), filepath.Join(data, "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	require.NoError(t, r.DB().QueryRowContext(t.Context(), "SELECT coalesce(sum(calls), 0) FROM daily").Scan(&calls))
	return calls
}

// countedUntil is 0 when nobody has counted.
func countedUntil(t *testing.T, data string) (ms int64) {
	t.Helper()
	r, err := reportsdb.Open(t.Context(), filepath.Join(data, "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	require.NoError(t, r.DB().QueryRowContext(t.Context(), "SELECT coalesce(counted_until, 0) FROM counted").Scan(&ms))
	return ms
}

func TestReportsAreRebuiltFromTheStream(t *testing.T) {
	t.Parallel()
	settings, events := streamOf(t, 300)
	data := t.TempDir()
	for range 2 {
		code, stdout, stderr := countersign(t, "", "--config", settings, "--data", data, "report", "rebuild")
		require.Equal(t, exitDone, code, stderr)
		assert.Equal(t, fmt.Sprintf("%d events read\n", events), stdout)
		assert.Equal(t, 300, callsReported(t, data))
	}
}

func TestARebuildNeedsNATS(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	code, _, stderr := countersign(t, "", "--data", data, "report", "rebuild", "--nats", "nats://127.0.0.1:1")
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "127.0.0.1:1", "start countersign serve")
	assert.NoFileExists(t, filepath.Join(data, "reports.db"))
}

func TestReportsMayBeKeptOnAMachineThatTakesNoCalls(t *testing.T) {
	t.Parallel()
	settings, _ := streamOf(t, 100)
	data := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := command(ctx, "--config", settings, "--data", data, "serve", "--roles", "reporting")
	cmd.Stderr = io.Discard
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		return exists(filepath.Join(data, "reports.db")) && callsReported(t, data) == 100
	}, patience, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		return countedUntil(t, data) > 0
	}, patience, 50*time.Millisecond, "how far it is, it notes while it counts")
	cancel()
	_ = cmd.Wait()
	assert.Equal(t, exitDone, cmd.ProcessState.ExitCode())
	assert.NoFileExists(t, filepath.Join(data, "journal.db"))

	code, _, stderr := countersign(t, "", "--data", data, "serve", "--roles", "coffee")
	assert.Equal(t, exitWrongUse, code)
	oneSentence(t, stderr, "coffee", "reporting")
}

func TestTheServiceKeepsReports(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	code, _, stderr := countersign(t, string(demo.Customers), "--data", data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	began := time.Now()
	_, settings, stop := startServe(t, data)
	code, _, stderr = countersign(t, "", "--config", settings, "--data", data, "call", "--from", "+15551230001", "--keys",
		"246813#", "--speed", "10")
	require.Equal(t, exitDone, code, stderr)
	require.Eventually(t, func() bool { return callsReported(t, data) == 1 }, patience, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		return countedUntil(t, data) >= began.UnixMilli()
	}, patience, 50*time.Millisecond, "and while nothing happens")
	assert.Equal(t, exitDone, stop())
}

// Whoever resets the reports, and whether they count again or not, the running service does.
func TestTheServiceCountsEverythingAgainWhenReportsAreReset(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	code, _, stderr := countersign(t, string(demo.Customers), "--data", data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	_, settings, stop := startServe(t, data)
	call := func() {
		code, _, stderr := countersign(t, "", "--config", settings, "--data", data, "call", "--from", "+15551230001",
			"--keys", "246813#", "--speed", "12")
		require.Equal(t, exitDone, code, stderr)
	}
	counts := func(want int) {
		t.Helper()
		require.Eventually(t, func() bool { return callsReported(t, data) == want }, patience, 50*time.Millisecond)
	}
	call()
	call()
	counts(2)
	r, err := reportsdb.Open(t.Context(), filepath.Join(data, "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	require.NoError(t, r.Reset(t.Context(), time.Time{}))
	require.NoError(t, r.Close())
	counts(2)
	code, _, stderr = countersign(t, "", "--config", settings, "--data", data, "report", "rebuild")
	require.Equal(t, exitDone, code, stderr)
	assert.Equal(t, 2, callsReported(t, data))
	call()
	counts(3)
	assert.Equal(t, exitDone, stop())
}
