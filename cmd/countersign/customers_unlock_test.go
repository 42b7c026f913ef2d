package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
)

// slowly passes connections on to an address; each answer takes so long.
func slowly(t *testing.T, to string, delay time.Duration) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var passing sync.WaitGroup
	done := make(chan struct{})
	passing.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if !assert.NoError(t, err) {
				return
			}
			passing.Go(func() { pass(client, server, 0, done) })
			passing.Go(func() { pass(server, client, delay, done) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		close(done)
		passing.Wait()
	})
	return l.Addr().String()
}

// pass writes to one connection what another one says, later.
func pass(from, to net.Conn, delay time.Duration, done chan struct{}) {
	type chunk struct {
		at   time.Time
		text []byte
	}
	chunks := make(chan chunk, 1000)
	go func() {
		defer close(chunks)
		for {
			text := make([]byte, 64<<10)
			n, err := from.Read(text)
			if err != nil {
				return
			}
			chunks <- chunk{time.Now().Add(delay), text[:n]}
		}
	}()
	defer from.Close()
	defer to.Close()
	for {
		select {
		case <-done:
			return
		case c, ok := <-chunks:
			if !ok {
				return
			}
			time.Sleep(time.Until(c.at)) // the input: a network that takes that long
			if _, err := to.Write(c.text); err != nil {
				return
			}
		}
	}
}

func TestUnlockingWaitsForNATSAsLongAsTheSettingsSay(t *testing.T) {
	t.Parallel()
	n := startLinesNATS(t)
	cfg := defaults()
	cfg.data = filepath.Join(n.dir, "data")
	code, _, stderr := countersign(t, "id,name\nC-1,Ada Lovelace\n", "--data", cfg.data, "customers", "import", "-")
	require.Equal(t, exitDone, code, stderr)
	d, err := openDirectory(t.Context(), cfg, newSettings(cfg).logger(os.Stderr))
	require.NoError(t, err)
	state, g, err := openShared(cfg, n.endpoint, keysOf(d))
	require.NoError(t, err)
	require.NoError(t, state.Ready(t.Context()))
	for range 10 {
		g.Try(t.Context(), session.Attempt{Customer: "C-1", Call: "call"})
	}
	state.Close()
	require.NoError(t, d.Close())

	at, err := url.Parse(n.url)
	require.NoError(t, err)
	const delay = 300 * time.Millisecond
	slow := "nats://" + slowly(t, at.Host, delay)
	unlocking := func(timeout time.Duration, what ...string) (code int, stdout, stderr string) {
		file := filepath.Join(t.TempDir(), "c.yaml")
		require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "nats: {timeout: %s}", timeout), 0o600))
		args := []string{"--config", file, "--data", cfg.data, "customers", "unlock", "--nats", slow}
		return countersign(t, "", append(args, what...)...)
	}
	for _, what := range [][]string{
		{"C-1"}, {"--dry-run", "C-1"}, {"--number", "+4930123456"}, {"--number", "+4930123456", "--dry-run"},
	} {
		code, stdout, stderr := unlocking(delay/2, what...)
		assert.Equal(t, exitFailed, code, what)
		assert.Empty(t, stdout, what)
		assert.NotEmpty(t, stderr, what)
	}
	code, stdout, stderr := unlocking(10*delay, "--number", "+4930123456", "--dry-run")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "+4930123456 was not locked")
	code, stdout, stderr = unlocking(10*delay, "C-1")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "C-1 had 5 wrong answers since the last right one, and a lock until ")
	assert.Contains(t, stdout, "now cleared")
	entries := audited(t, cfg.data, "--action", "unlocked")
	require.Len(t, entries, 1)
	assert.Equal(t, "5 wrong answers", entries[0].Detail)
}
