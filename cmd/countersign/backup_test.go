package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/freeswitch/sim"
	"countersign/ops/demo"
	"countersign/reports/reportsdb"
	"countersign/session/event"
	"countersign/store/sqlite"
)

// A service takes calls while it is backed up. The backup comes back in another folder, serves, and everything is
// counted again there.
func TestABackupMadeDuringCallsComesBackOnAnotherMachine(t *testing.T) {
	t.Parallel()
	data, dir := filepath.Join(t.TempDir(), "data"), t.TempDir()
	do := func(stdin string, args ...string) string {
		t.Helper()
		code, stdout, stderr := countersign(t, stdin, args...)
		require.Equal(t, exitDone, code, stderr)
		return stdout
	}
	do(string(demo.Customers), "--data", data, "customers", "import", "-")
	address, cfg, stop := startServe(t, data)
	flags := []string{"--config", cfg, "--data", data}
	on := func(args ...string) []string { return append(append([]string{}, flags...), args...) }
	do("", on("lines", "apply", filepath.FromSlash("../../lines/examples/office.yaml"))...)
	do("", on("people", "add", "ann", "--role", "admin")...)
	calls := startCallers(t, address)
	calls.await(8)

	file, secret := filepath.Join(dir, "backup"), filepath.Join(dir, "passphrase")
	require.NoError(t, os.WriteFile(secret, []byte("correct horse battery staple\n"), 0o600))
	before := calls.ended()
	said := do("", on("backup", file, "--passphrase-file", secret)...)
	assert.Contains(t, said, "KV_people")
	calls.await(len(before) + 8) // calls went on
	calls.stop()
	require.Equal(t, exitDone, stop())
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.NotContains(t, folder(t, data), ".backup", "no copies are left")

	assert.Contains(t, do("", "restore", file, "--check", "--passphrase-file", secret), "the backup is whole")
	again := filepath.Join(t.TempDir(), "again")
	said = do("", "--data", again, "restore", file, "--passphrase-file", secret)
	assert.Contains(t, said, "restored to "+again)
	assert.Contains(t, said, filepath.Join(again, "settings.yaml"))
	assert.Empty(t, missing(before, endedCalls(t, again)), "calls that had ended before the backup")
	code, _, stderr := countersign(t, "", "--data", again, "restore", file, "--passphrase-file", secret)
	assert.Equal(t, exitFailed, code)
	oneSentence(t, stderr, "not empty", again)

	// The machine serves.
	address, cfg, stop = startServe(t, again)
	flags = []string{"--config", cfg, "--data", again}
	verified := place(t, address)
	assert.Equal(t, "verified", verified.Variables["cs_status"], "secrets are checked with the same pepper")
	assert.Contains(t, do("", on("lines", "list")...), "office")
	assert.Contains(t, do("", on("people", "list")...), "ann")
	do("", on("audit", "verify")...)
	require.Equal(t, exitDone, stop()) // everything is published, and counted

	published, doubled := inStream(t, again)
	assert.Empty(t, doubled, "events that are in the stream twice")
	known := endedCalls(t, again)
	assert.Empty(t, missing(known, published), "calls of the journal that the stream does not have")
	assert.Empty(t, missing(published, inReports(t, again)), "calls of the stream that are not counted")
	assert.Equal(t, rows(t, data, "directory.db", "customers"), rows(t, again, "directory.db", "customers"))
}

// callers ring again and again.
type callers struct {
	t     *testing.T
	mu    sync.Mutex
	calls map[string]bool // that have ended
	stop  func()
	more  chan struct{}
}

func startCallers(t *testing.T, address string) *callers {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	c := &callers{t: t, calls: map[string]bool{}, more: make(chan struct{}, 1)}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for ctx.Err() == nil {
				r := place(t, address)
				c.mu.Lock()
				c.calls[r.Variables["cs_call"]] = true
				c.mu.Unlock()
				select {
				case c.more <- struct{}{}:
				default:
				}
			}
		})
	}
	c.stop = func() { cancel(); all.Wait() }
	t.Cleanup(c.stop)
	return c
}

func place(t *testing.T, address string) sim.Result {
	t.Helper()
	phone, err := sim.New(sim.Options{Address: address})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := phone.Call(ctx, sim.CallOptions{From: "+15551230001", To: "5200", Caller: keys("ask-pin", "246813")})
	assert.NoError(t, err)
	assert.NotEmpty(t, r.Variables["cs_call"], r.Reason)
	return r
}

func (c *callers) ended() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]bool{}
	for id := range c.calls {
		all[id] = true
	}
	return all
}

func (c *callers) await(calls int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for len(c.ended()) < calls {
		select {
		case <-c.more:
		case <-ctx.Done():
			require.FailNow(c.t, "callers get nowhere")
		}
	}
}

func missing(want, have map[string]bool) (ids []string) {
	for id := range want {
		if !have[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// endedCalls are the calls of a journal that have ended.
func endedCalls(t *testing.T, data string) map[string]bool {
	t.Helper()
	code, stdout, stderr := countersign(t, "", "--data", data, "journal", "export", "-o", "-")
	require.Equal(t, exitDone, code, stderr)
	calls := map[string]bool{}
	require.NoError(t, event.ReadLines(strings.NewReader(stdout), func(_ int, _ []byte, e event.Event) error {
		if _, ended := e.Data.(event.CallEnded); ended {
			calls[e.Call] = true
		}
		return nil
	}))
	return calls
}

// inStream are the calls of the stream that have ended, and the events that are in it twice. No service may run.
func inStream(t *testing.T, data string) (calls map[string]bool, doubled []string) {
	t.Helper()
	nats, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: filepath.Join(data, "nats"), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	defer nats.Shutdown()
	conn, err := nats.Endpoint().Connect("test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	stream, err := js.Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	calls, ids := map[string]bool{}, map[string]bool{}
	for n := uint64(1); n <= stream.CachedInfo().State.LastSeq; n++ {
		m, err := stream.GetMsg(t.Context(), n)
		if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && strings.HasSuffix(m.Subject, ".probe") {
			continue // the service tests its NATS with messages that it takes away again
		}
		require.NoError(t, err)
		var e event.Event
		require.NoError(t, e.UnmarshalJSON(m.Data))
		if ids[e.ID] {
			doubled = append(doubled, e.ID)
		}
		ids[e.ID] = true
		if _, ended := e.Data.(event.CallEnded); ended {
			calls[e.Call] = true
		}
	}
	return calls, doubled
}

// inReports are the calls that are counted.
func inReports(t *testing.T, data string) map[string]bool {
	t.Helper()
	r, err := reportsdb.Open(t.Context(), filepath.Join(data, "reports.db"), reportsdb.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	found, err := r.DB().QueryContext(t.Context(), "SELECT call FROM call_data")
	require.NoError(t, err)
	defer found.Close()
	calls := map[string]bool{}
	for found.Next() {
		var id string
		require.NoError(t, found.Scan(&id))
		assert.False(t, calls[id], "counted twice")
		calls[id] = true
	}
	require.NoError(t, found.Err())
	return calls
}

func rows(t *testing.T, data, file, table string) int64 {
	t.Helper()
	all, err := sqlite.Count(t.Context(), filepath.Join(data, file))
	require.NoError(t, err)
	require.Contains(t, all, table)
	return all[table]
}

func folder(t *testing.T, path string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
