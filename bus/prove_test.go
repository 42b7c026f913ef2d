package bus_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
	"countersign/session/shared"
)

// A NATS that answers and stores nothing is found out, whatever keeps it from storing.
func TestANATSThatRefusesWritesIsFoundOut(t *testing.T) {
	t.Parallel()
	e := embedded(t)
	s := ready(t, state(t, e.Endpoint(), bus.StateOptions{Node: "a node: with a strange name"}))
	r := bus.NewRelay(newOutbox(), e.Endpoint(), bus.RelayConfig{}, discard())
	start(t, r)
	flush(t, r)
	js := on(t, e.Endpoint())
	ctx := t.Context()
	require.NoError(t, s.Prove(ctx))
	require.NoError(t, s.ProveEvents(ctx))
	require.NoError(t, r.Prove(ctx))
	change := func(name string, f func(*jetstream.StreamConfig)) func() {
		return func() {
			stream, err := js.Stream(ctx, name)
			require.NoError(t, err)
			c := stream.CachedInfo().Config
			f(&c)
			_, err = js.UpdateStream(ctx, c)
			require.NoError(t, err, name)
		}
	}
	crowded := func(c *jetstream.StreamConfig) { c.MaxMsgs, c.Discard = 1, jetstream.DiscardNew }
	full := func(c *jetstream.StreamConfig) { c.MaxBytes, c.Discard = 1, jetstream.DiscardNew }
	room := func(c *jetstream.StreamConfig) { c.MaxMsgs, c.MaxBytes, c.MaxMsgSize = -1, -1, -1 }
	_, err := s.Guard().Put(ctx, "there", []byte("x"), shared.Forever)
	require.NoError(t, err)
	for what, c := range map[string]struct {
		breaks, mends func()
		buckets       bool // or events
	}{
		"a full bucket":                  {change("KV_guard", full), change("KV_guard", room), true},
		"a bucket for few keys":          {change("KV_guard", crowded), change("KV_guard", room), true},
		"another full bucket":            {change("KV_calls", full), change("KV_calls", room), true},
		"a bucket of lines that is full": {change("KV_lines", full), change("KV_lines", room), true},
		"a full stream":                  {change(event.Stream, full), change(event.Stream, room), false},
		"a stream for small messages": {
			change(event.Stream, func(c *jetstream.StreamConfig) { c.MaxMsgSize = 1 }), change(event.Stream, room), false,
		},
		"a stream that takes no messages": {
			change(event.Stream, func(c *jetstream.StreamConfig) { c.Subjects = []string{"elsewhere"} }),
			change(event.Stream, func(c *jetstream.StreamConfig) { c.Subjects = []string{event.Subjects} }), false,
		},
	} {
		c.breaks()
		if what != "a stream that takes no messages" {
			assert.NoError(t, s.Stuck(ctx), "%s: as it was told to", what)
		}
		answers := js.Conn().FlushTimeout(patience)
		require.NoError(t, answers, what)
		if c.buckets {
			assert.Error(t, s.Prove(ctx), what)
		} else {
			assert.NoError(t, s.Prove(ctx), what)
			assert.Error(t, s.ProveEvents(ctx), what)
			proving, cancel := context.WithTimeout(ctx, time.Second)
			if what != "a stream that takes no messages" { // the relay mends its subjects
				assert.Error(t, r.Prove(proving), what)
			}
			cancel()
		}
		c.mends()
		assert.NoError(t, s.Prove(ctx), what)
		assert.NoError(t, s.ProveEvents(ctx), what)
		require.Eventually(t, func() bool { return r.Prove(ctx) == nil }, patience, 10*time.Millisecond, what)
	}
}

func TestATestWriteLeavesNothingThatAnybodyCounts(t *testing.T) {
	t.Parallel()
	e := embedded(t)
	s := ready(t, state(t, e.Endpoint(), bus.StateOptions{Node: "a"}))
	r := bus.NewRelay(newOutbox(), e.Endpoint(), bus.RelayConfig{}, discard())
	start(t, r)
	flush(t, r)
	lines := watchLines(t, s)
	require.Empty(t, lines())
	var seen logLines
	events := watch(t, e.Endpoint(), bus.WatchOptions{})
	watched(t, e.Endpoint())
	for range 5 {
		require.NoError(t, s.Prove(t.Context()))
		require.NoError(t, s.ProveEvents(t.Context()))
		require.NoError(t, r.Prove(t.Context()))
	}
	js := on(t, e.Endpoint())
	assert.Empty(t, inStream(t, js))
	for _, name := range []string{"guard", "calls", "lines"} {
		kv, err := js.KeyValue(t.Context(), name)
		require.NoError(t, err)
		_, err = kv.Keys(t.Context())
		require.ErrorIs(t, err, jetstream.ErrNoKeysFound, name)
		require.Eventually(t, func() bool {
			status, err := kv.Status(t.Context())
			return err == nil && (status.Values() == 0 || name == "lines" && status.Values() == 1)
		}, patience, 10*time.Millisecond, name)
	}
	all, err := s.Lines().All(t.Context())
	require.NoError(t, err)
	assert.Empty(t, all)
	_, err = s.Lines().Put(t.Context(), "retail", "x", by("ann", 0))
	require.NoError(t, err)
	assert.Contains(t, lines(), "retail", "the next view is the change, and none was because of a test write")
	assert.Equal(t, []string{"line-retail.1"}, receive(t, events, 1))
	assert.NotContains(t, seen.all(), "WARN")
}

func TestTheRelayProvesByTheEventsItPublishes(t *testing.T) {
	t.Parallel()
	e := embedded(t)
	out := newOutbox(calls(t, "a", 3000)...)
	r := bus.NewRelay(out, e.Endpoint(), bus.RelayConfig{}, discard())
	sub, err := on(t, e.Endpoint()).Conn().SubscribeSync("countersign.v1._.probe")
	require.NoError(t, err)
	start(t, r)
	require.NoError(t, r.Prove(t.Context()))
	require.Less(t, r.Status().Published, int64(3000), "in between")
	flush(t, r)
	_, err = sub.NextMsg(100 * time.Millisecond)
	assert.ErrorIs(t, err, nats.ErrTimeout, "no test message")
}

func TestAnOutboxThatFailsDoesNotMakeNATSStuck(t *testing.T) {
	t.Parallel()
	e := embedded(t)
	s := ready(t, state(t, e.Endpoint(), bus.StateOptions{Node: "a"}))
	out := newOutbox(calls(t, "a", 1)...)
	out.before(func(int64) error { return errors.New("database is locked") })
	r := bus.NewRelay(out, e.Endpoint(), bus.RelayConfig{}, discard())
	start(t, r)
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := r.Prove(ctx)
		return err != nil && strings.Contains(err.Error(), "locked")
	}, patience, 10*time.Millisecond)
	assert.NoError(t, s.Stuck(t.Context()))
	e.Shutdown()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	assert.Error(t, s.Stuck(ctx))
}
