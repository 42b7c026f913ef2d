package bus_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

func TestExpiredEventsAreRemovedAndNoOthers(t *testing.T) {
	t.Parallel()
	ctx, nats := t.Context(), embedded(t).Endpoint()
	s := ready(t, state(t, nats, bus.StateOptions{}))
	removed, err := s.RemoveEvents(ctx, time.Now())
	require.NoError(t, err, "no stream yet")
	assert.Zero(t, removed)

	settle(t, nats, bus.StreamConfig{})
	js := on(t, nats)
	for i := range 10 {
		_, err := js.Publish(ctx, "countersign.v1.bank.identified", fmt.Append(nil, i))
		require.NoError(t, err)
	}
	stream, err := js.Stream(ctx, event.Stream)
	require.NoError(t, err)
	stored := func(n uint64) time.Time {
		msg, err := stream.GetMsg(ctx, n)
		require.NoError(t, err)
		return msg.Time
	}
	for _, c := range []struct {
		before time.Time
		want   int
		first  uint64
	}{
		{stored(1), 0, 1}, {stored(4), 3, 4}, {stored(4), 0, 4}, {stored(10), 6, 10},
		{stored(10).Add(time.Nanosecond), 1, 11}, {time.Now(), 0, 11},
	} {
		removed, err := s.RemoveEvents(ctx, c.before)
		require.NoError(t, err)
		assert.Equal(t, c.want, removed)
		info, err := stream.Info(ctx)
		require.NoError(t, err)
		assert.Equal(t, c.first, info.State.FirstSeq)
	}
}
