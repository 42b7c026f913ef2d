package bus_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

// publish puts entries into the stream without a relay, which would make up for what was lost.
func publish(t *testing.T, e bus.Endpoint, entries ...bus.Entry) {
	t.Helper()
	js := on(t, e)
	for _, entry := range entries {
		_, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: entry.Subject, Data: entry.Body})
		require.NoError(t, err)
	}
}

// watched waits until somebody reads the stream.
func watched(t *testing.T, e bus.Endpoint) {
	t.Helper()
	stream, err := on(t, e).Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		info, err := stream.Info(ctx)
		require.NoError(c, err)
		assert.Positive(c, info.State.Consumers)
	}, patience, 10*time.Millisecond)
}

// A crash can take the last events of a stream. Those that come afterwards have numbers that the watcher has seen.
func TestWatchGoesOnBehindTheEndOfAStreamThatLostItsLastEvents(t *testing.T) {
	t.Parallel()
	dir, address := t.TempDir(), freeAddress(t)
	server := embeddedIn(t, filepath.Join(dir, "a"), address)
	remote := external(t, server.URL())
	relayed(t, server.Endpoint(), calls(t, "a", 10)...)
	server.Shutdown()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "b"), os.DirFS(filepath.Join(dir, "a"))))

	server = embeddedIn(t, filepath.Join(dir, "a"), address)
	ids := watch(t, remote, bus.WatchOptions{Since: time.Now().Add(-time.Hour)})
	publish(t, server.Endpoint(), calls(t, "lost", 5)...)
	got := receive(t, ids, 15)
	require.Equal(t, "lost.5", got[14])
	server.Shutdown()

	server = embeddedIn(t, filepath.Join(dir, "b"), address)
	watched(t, server.Endpoint())
	publish(t, server.Endpoint(), calls(t, "new", 3)...)
	sameIDs(t, []string{"new.1", "new.2", "new.3"}, receive(t, ids, 3))
}

// Or the new events are there before the watcher is back, in the places of those that were lost.
func TestWatchMissesNothingThatTookThePlacesOfLostEvents(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]int{"fewer than were lost": 3, "as many": 5, "more": 8} {
		dir, address := t.TempDir(), freeAddress(t)
		server := embeddedIn(t, filepath.Join(dir, "a"), address)
		remote := external(t, server.URL())
		relayed(t, server.Endpoint(), calls(t, "a", 10)...)
		server.Shutdown()
		require.NoError(t, os.CopyFS(filepath.Join(dir, "b"), os.DirFS(filepath.Join(dir, "a"))))

		server = embeddedIn(t, filepath.Join(dir, "a"), address)
		ids := watch(t, remote, bus.WatchOptions{Since: time.Now().Add(-time.Hour)})
		publish(t, server.Endpoint(), calls(t, "lost", 5)...)
		require.Equal(t, "lost.5", receive(t, ids, 15)[14], name)
		server.Shutdown()

		elsewhere := embeddedIn(t, filepath.Join(dir, "b"), "127.0.0.1:0")
		publish(t, elsewhere.Endpoint(), calls(t, "new", fill)...)
		elsewhere.Shutdown()
		embeddedIn(t, filepath.Join(dir, "b"), address)
		var want []string
		for i := range fill {
			want = append(want, event.ID("new", i+1))
		}
		sameIDs(t, want, receive(t, ids, fill))
		assert.Empty(t, ids, name)
	}
}
