package token_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
	"countersign/session/shared"
)

var _ shared.Store = (*bus.Bucket)(nil)

// bucket is one machine's connection to the shared state.
func bucket(t *testing.T, nats bus.Endpoint) *bus.Bucket {
	t.Helper()
	s, err := bus.OpenState(nats, bus.StateOptions{Log: slog.New(slog.DiscardHandler), Within: patience})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	require.NoError(t, s.Ready(deadline(t)))
	return s.Guard()
}

func TestMachinesShareTokensThroughNATS(t *testing.T) {
	t.Parallel()
	nats, err := bus.StartEmbedded(bus.EmbeddedOptions{
		Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(nats.Shutdown)
	keys := newKeys(t)
	one, two := benchOn(t, bucket(t, nats.Endpoint()), keys), benchOn(t, bucket(t, nats.Endpoint()), keys)

	raw := one.issued(t)
	c, active, err := two.Introspect(deadline(t), secret(raw))
	require.NoError(t, err)
	require.True(t, active)
	assert.Equal(t, known().Proven, c.Proven)
	race(t, 5, 10, one, two)
	assert.Equal(t, event.RefusedUnknown, one.refusal(t, benchOn(t, shared.NewMemory(), keys).issued(t), "retail"))

	nats.Shutdown()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	_, err = two.Redeem(ctx, secret(raw), "retail")
	require.ErrorIs(t, err, bus.ErrAway, "an outage is no refusal")
	assert.Less(t, time.Since(began), 20*time.Second, "it does not wait")
}
