package bus_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/shared"
)

// keepWriting runs KeepWriting until the end of the test.
func keepWriting(t *testing.T, e *bus.Embedded, prove func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); e.KeepWriting(ctx, prove) }()
	t.Cleanup(func() { cancel(); <-done })
}

// smallDisk is a file system of its own with so many bytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a full disk needs a file system of its own, which only root may mount: run as root on Linux: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill leaves no room on a disk. The returned function makes room again.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	file := filepath.Join(dir, "fill")
	f, err := os.Create(file)
	require.NoError(t, err)
	for page := make([]byte, 4096); err == nil; {
		_, err = f.Write(page)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, f.Close())
	return func() { require.NoError(t, os.Remove(file)) }
}

// Everything that the server stopped writing works again, without a restart of this process.
func TestAfterAFullDiskTheEmbeddedNATSStoresAgain(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "24m")
	e := embeddedIn(t, filepath.Join(disk, "nats"), "127.0.0.1:0")
	s := ready(t, state(t, e.Endpoint(), bus.StateOptions{Node: "a", Within: time.Second}))
	out := newOutbox()
	r := bus.NewRelay(out, e.Endpoint(), bus.RelayConfig{}, discard())
	start(t, r)
	both := func(ctx context.Context) error { return errors.Join(s.Prove(ctx), r.Prove(ctx)) }
	keepWriting(t, e, s.Stuck)
	works := func(want bool) func() bool {
		return func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			return both(ctx) == nil == want
		}
	}
	out.add(calls(t, "before", 3)...)
	flush(t, r)
	require.Eventually(t, works(true), patience, 10*time.Millisecond)
	kept, err := s.Guard().Create(t.Context(), "kept", []byte("x"), shared.Forever)
	require.NoError(t, err)
	url := e.URL()

	empty := fill(t, disk)
	out.add(calls(t, "full", 3)...)
	require.Eventually(t, func() bool {
		_, err := s.Guard().Put(t.Context(), "lost", make([]byte, 4096), shared.ByDefault)
		return err != nil
	}, patience, 10*time.Millisecond)
	require.Eventually(t, works(false), patience, 10*time.Millisecond)
	empty()
	require.Eventually(t, works(true), patience, 10*time.Millisecond)
	flush(t, r)
	assert.Equal(t, []string{"before.1", "before.2", "before.3", "full.1", "full.2", "full.3"},
		inStream(t, on(t, external(t, url))), "at the same address, and nothing is forgotten")
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, revision, err := s.Guard().Get(t.Context(), "kept")
		require.NoError(c, err)
		assert.Equal(c, kept, revision)
	}, patience, 10*time.Millisecond)
}

func TestAServerThatDoesNotWriteIsRestartedAndOneThatWritesIsNot(t *testing.T) {
	t.Parallel()
	e := embedded(t)
	conn, err := nats.Connect(e.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	first := conn.ConnectedServerId()
	var stuck atomic.Bool
	var asked atomic.Int32
	keepWriting(t, e, func(context.Context) error {
		asked.Add(1)
		if stuck.Load() && conn.ConnectedServerId() == first {
			return errors.New("no space left on device")
		}
		return nil
	})
	// The server warns of a client that speaks nonsense; so it is asked whether it writes.
	nonsense := func() {
		from := asked.Load()
		require.Eventually(t, func() bool {
			_, err := nats.Connect(e.URL(), nats.UserInfo("x", "y"), nats.SetCustomDialer(babble{}))
			return err != nil && asked.Load() > from
		}, patience, 10*time.Millisecond)
	}
	nonsense()
	assert.Equal(t, first, conn.ConnectedServerId())
	stuck.Store(true)
	nonsense()
	require.Eventually(t, func() bool {
		id := conn.ConnectedServerId()
		return id != "" && id != first
	}, patience, 10*time.Millisecond)
}

// babble connects and sends what is no NATS.
type babble struct{}

func (babble) Dial(network, address string) (net.Conn, error) {
	c, err := net.Dial(network, address)
	if err == nil {
		_, err = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	}
	return c, err
}
