package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/ops/retention/retentiontest"
	"countersign/session/event"
)

// believed notes that the clock of a machine was right a moment ago.
func believed(t *testing.T, data string) {
	t.Helper()
	text, err := json.Marshal(map[string]time.Time{"believed": time.Now()})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(data, "retention.json"), text, 0o600))
}

func TestWhatWasKeptLongEnoughIsRemoved(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	believed(t, data)
	retentiontest.Journal(t, filepath.Join(data, "journal.db"))
	run := func(args ...string) string {
		code, stdout, stderr := countersign(t, "", append([]string{"--data", data, "retention", "run"}, args...)...)
		require.Equal(t, exitDone, code, stderr)
		return stdout
	}
	retentiontest.Reports(t, filepath.Join(data, "reports.db"))
	assert.Equal(t, "would be removed: journal: 1 call with 2 events; reports: 2 calls; audit log: 0 entries\n",
		run("--dry-run"))
	assert.Empty(t, audited(t, data))
	assert.JSONEq(t, `{"calls":1,"events":2,"report_calls":2,"audit_entries":0,"dry_run":false}`,
		run("--json", "--author", "anna"))
	assert.Equal(t, "removed: journal: 0 calls with 0 events; reports: 0 calls; audit log: 0 entries\n", run())
	entries := audited(t, data)
	require.Len(t, entries, 1, "a run that removes nothing leaves no entry")
	assert.Equal(t, "journal: 1 call with 2 events; reports: 2 calls; audit log: 0 entries", entries[0].Detail)
	assert.Equal(t, []string{"old", "young"}, retentiontest.Reported(t, filepath.Join(data, "reports.db")))
}

func TestAMachineThatOnlyKeepsReportsRemovesWhatWasKeptLongEnough(t *testing.T) {
	t.Parallel()
	settings, _ := streamOf(t, 10)
	data := t.TempDir()
	believed(t, data)
	retentiontest.Reports(t, filepath.Join(data, "reports.db"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := command(ctx, "--config", settings, "--data", data, "serve", "--roles", "reporting")
	cmd.Stderr = io.Discard
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return len(audited(t, data, "--action", "retention_run")) == 1 }, patience,
		100*time.Millisecond)
	assert.NotContains(t, retentiontest.Reported(t, filepath.Join(data, "reports.db")), "ancient")
	cancel()
	_ = cmd.Wait()
	assert.Equal(t, exitDone, cmd.ProcessState.ExitCode())
}

func TestTheServiceRemovesWhatWasKeptLongEnough(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	believed(t, data)
	retentiontest.Journal(t, filepath.Join(data, "journal.db"))
	_, _, stop := startServe(t, data)
	require.Eventually(t, func() bool { return len(audited(t, data, "--action", "retention_run")) == 1 }, patience,
		100*time.Millisecond)
	assert.Equal(t, "countersign", audited(t, data, "--action", "retention_run")[0].Actor)
	assert.Equal(t, exitDone, stop())
}

func TestRetentionHasBounds(t *testing.T) {
	t.Parallel()
	for settings, word := range map[string]string{
		"journal: 23h": "retention.journal", "journal: 366d": "1d to 365d",
		"audit: 719h": "retention.audit", "audit: 2556d": "30d to 2555d",
		"totals: 2159h": "retention.totals", "totals: 3651d": "90d to 3650d",
		"journal: 8760h, totals: 8000h": "less than retention.journal",
	} {
		file := filepath.Join(t.TempDir(), "c.yaml")
		require.NoError(t, os.WriteFile(file, []byte("retention: {"+settings+"}"), 0o600))
		code, _, stderr := countersign(t, "", "--config", file, "retention", "run")
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, stderr, word)
	}
}

func TestEventsInNATSAreKeptAsLongAsTheJournal(t *testing.T) {
	t.Parallel()
	server, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(server.Shutdown)
	settings := filepath.Join(t.TempDir(), "c.yaml")
	text := "socket: {listen: \"127.0.0.1:0\"}\nweb: {listen: \"\"}\nretention: {journal: 240h}\n" +
		"nats: {url: \"" + server.URL() + "\"}"
	require.NoError(t, os.WriteFile(settings, []byte(text), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := command(ctx, "--config", settings, "--data", t.TempDir(), "serve")
	require.NoError(t, cmd.Start())
	nc, err := nats.Connect(server.URL())
	require.NoError(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		stream, err := js.Stream(ctx, event.Stream)
		return err == nil && stream.CachedInfo().Config.MaxAge == 240*time.Hour+leapMost
	}, patience, 50*time.Millisecond)
	cancel()
	_ = cmd.Wait()
	assert.Equal(t, exitDone, cmd.ProcessState.ExitCode())
}

func TestRetentionAsksWhetherTheClockIsRight(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	retentiontest.Journal(t, filepath.Join(data, "journal.db"))
	code, stdout, stderr := countersign(t, "", "--data", data, "retention", "run")
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	oneSentence(t, stderr, "the clock says", "--yes")
	code, stdout, stderr = countersign(t, "", "--data", data, "retention", "run", "--yes")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "removed: journal: 1 call")
	assert.FileExists(t, filepath.Join(data, "retention.json"))
}
