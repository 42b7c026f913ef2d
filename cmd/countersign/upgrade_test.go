package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/internal/datafile"
	"countersign/reports/reportsdb"
	"countersign/store/audit"
	"countersign/store/customers"
	"countersign/store/journal"
	"countersign/store/sqlite"
)

// oldInstallation unpacks a --data folder that an earlier version made: the sample customers, the line office of
// Anna's, five calls, of which two were verified, and an audit log of three entries. Its prompts are left out.
func oldInstallation(t *testing.T) (data string) {
	t.Helper()
	data = t.TempDir()
	f, err := os.Open(filepath.Join("testdata", "installation-2026-11.tar.gz"))
	require.NoError(t, err)
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	require.NoError(t, err)
	for r := tar.NewReader(unzipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return data
		}
		require.NoError(t, err)
		path := filepath.Join(data, filepath.Clean("/"+h.Name))
		if h.FileInfo().IsDir() {
			require.NoError(t, os.MkdirAll(path, 0o755))
			continue
		}
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, content, 0o600))
	}
}

func TestAnEarlierInstallationIsReadWithoutBeingChanged(t *testing.T) {
	t.Parallel()
	data := oldInstallation(t)
	before := databases(t, data)
	_, err := journal.OpenReadOnly(t.Context(), filepath.Join(data, "journal.db"))
	require.ErrorIs(t, err, sqlite.ErrOlder)
	for _, command := range [][]string{{"journal", "export"}, {"retention", "run", "--dry-run"}} {
		code, _, stderr := countersign(t, "", append([]string{"--data", data}, command...)...)
		assert.Equal(t, exitFailed, code)
		oneSentence(t, stderr, "journal.db was written by an older Countersign", "countersign serve")
	}
	assert.Equal(t, before, databases(t, data))
}

// databases are the files of a data folder's databases, with their content. Empty logs are left out: SQLite makes them.
func databases(t *testing.T, data string) map[string]string {
	t.Helper()
	found := map[string]string{}
	names, err := filepath.Glob(filepath.Join(data, "*.*"))
	require.NoError(t, err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		if len(text) > 0 && filepath.Ext(name) != ".db-shm" {
			found[name] = string(text)
		}
	}
	return found
}

func TestAnEarlierInstallationIsUpgraded(t *testing.T) {
	t.Parallel()
	data := oldInstallation(t)
	path := func(name string) string { return filepath.Join(data, name) }
	pepper, err := customers.LoadPepper(path("pepper"))
	require.NoError(t, err)
	d, err := customers.Open(t.Context(), path("directory.db"), customers.Options{Pepper: pepper})
	require.NoError(t, err)
	n, err := d.Count(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 15, n)
	require.NoError(t, d.Close())

	j, err := journal.Open(t.Context(), path("journal.db"), journal.Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	events := 0
	require.NoError(t, j.Export(t.Context(), journal.ExportOptions{}, func([]byte) error { events++; return nil }))
	assert.Equal(t, 67, events)
	require.NoError(t, j.Close(t.Context()))

	r, err := reportsdb.Open(t.Context(), path("reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	var counted, verified int
	require.NoError(t, r.DB().QueryRow("SELECT sum(calls), sum(verified) FROM daily").Scan(&counted, &verified))
	assert.Equal(t, []int{5, 2}, []int{counted, verified})
	require.NoError(t, r.Close())

	a, err := audit.Open(t.Context(), path("audit.db"), audit.Options{})
	require.NoError(t, err)
	state, err := a.Verify(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 3, state.Entries)
	require.NoError(t, a.Close())
}

func TestAServiceGoesOnWithAnEarlierInstallation(t *testing.T) {
	t.Parallel()
	data := oldInstallation(t)
	address, cfg, stop := startServe(t, data)
	flags := []string{"--config", cfg, "--data", data}
	code, stdout, stderr := countersign(t, "", append(flags, "lines", "history", "office")...)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "anna")
	code, stdout, stderr = countersign(t, "",
		append(flags, "call", "--server", address, "--from", "+15551230001", "--keys", "246813#", "--speed", "10")...)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "verified, level 2, ok, customer C-1001")
	require.Zero(t, stop())
	j, err := journal.OpenReadOnly(t.Context(), filepath.Join(data, "journal.db"))
	require.NoError(t, err, "upgraded")
	require.NoError(t, j.Close())
}

// An older service could not write to an upgraded journal: while one has the folder, nobody upgrades anything.
func TestNothingIsUpgradedUnderARunningService(t *testing.T) {
	t.Parallel()
	data := oldInstallation(t)
	unlock, err := datafile.Lock(datafile.FolderLock(data))
	require.NoError(t, err)
	defer unlock()
	before, err := os.ReadFile(filepath.Join(data, "journal.db"))
	require.NoError(t, err)
	for _, args := range [][]string{
		{"retention", "run"}, {"journal", "import", "-"}, {"customers", "erase", "--yes", "C-1001"},
	} {
		code, _, stderr := countersign(t, "", append([]string{"--data", data}, args...)...)
		assert.Equal(t, exitFailed, code, args)
		assert.Contains(t, stderr, "a service is using the folder", args)
	}
	after, err := os.ReadFile(filepath.Join(data, "journal.db"))
	require.NoError(t, err)
	assert.Equal(t, before, after)
}
