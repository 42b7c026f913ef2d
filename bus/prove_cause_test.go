package bus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
)

// deafOutbox is an outbox whose reads fail or do not end.
type deafOutbox struct {
	*outbox
	pending func(ctx context.Context) error
}

func (o *deafOutbox) Pending(ctx context.Context, after int64, limit int) ([]bus.Entry, error) {
	if err := o.pending(ctx); err != nil {
		return nil, err
	}
	return o.outbox.Pending(ctx, after, limit)
}

func TestWhatKeepsEventsFromBeingStoredIsNamed(t *testing.T) {
	t.Parallel()
	locked := errors.New("database is locked")
	reads := func(context.Context) error { return nil }
	fails := func(context.Context) error { return locked }
	hangs := func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }
	for name, c := range map[string]struct {
		pending func(ctx context.Context) error
		marks   func(int64) error
		nats    func(t *testing.T, e *bus.Embedded)
		want    error // nil: NATS answers and does not store
	}{
		"the outbox cannot be read":   {fails, nil, nil, bus.ErrOutbox},
		"reading it does not end":     {hangs, nil, nil, bus.ErrOutbox},
		"it cannot be marked":         {reads, func(int64) error { return locked }, nil, bus.ErrOutbox},
		"NATS is away":                {reads, nil, func(_ *testing.T, e *bus.Embedded) { e.Shutdown() }, bus.ErrAway},
		"NATS is away, and it cannot": {fails, nil, func(_ *testing.T, e *bus.Embedded) { e.Shutdown() }, bus.ErrAway},
		"NATS refuses everything": {reads, nil, func(t *testing.T, e *bus.Embedded) {
			js := on(t, e.Endpoint())
			stream, err := js.Stream(t.Context(), "COUNTERSIGN")
			require.NoError(t, err)
			full := stream.CachedInfo().Config
			full.MaxMsgs, full.Discard = 1, jetstream.DiscardNew
			_, err = js.UpdateStream(t.Context(), full)
			require.NoError(t, err)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := embedded(t)
			first := bus.NewRelay(newOutbox(calls(t, "first", 1)...), e.Endpoint(), bus.RelayConfig{}, discard())
			start(t, first)
			flush(t, first) // there is a stream
			if c.nats != nil {
				c.nats(t, e)
			}
			out := newOutbox(calls(t, "a", 3)...)
			out.before(c.marks)
			r := bus.NewRelay(&deafOutbox{out, c.pending}, e.Endpoint(), bus.RelayConfig{}, discard())
			start(t, r)
			require.Eventually(t, func() bool {
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				err := r.Prove(ctx)
				return err != nil && errors.Is(err, bus.ErrOutbox) == (c.want == bus.ErrOutbox) &&
					errors.Is(err, bus.ErrAway) == (c.want == bus.ErrAway)
			}, patience, 10*time.Millisecond)
			assert.Zero(t, out.published())
		})
	}
}
