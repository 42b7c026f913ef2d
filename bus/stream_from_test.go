package bus_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

func TestEventsAreReadByTheirPlace(t *testing.T) {
	t.Parallel()
	server := embedded(t)
	state, err := bus.OpenState(server.Endpoint(), bus.StateOptions{Node: "a", Log: discard()})
	require.NoError(t, err)
	t.Cleanup(state.Close)
	events, err := bus.OpenEvents(server.Endpoint(), discard())
	require.NoError(t, err)
	t.Cleanup(events.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	publish := func(seq int) {
		require.NoError(t, state.Publish(ctx, event.Event{
			ID: event.ID("c", seq), Source: "/countersign/a", Time: time.Now().UTC(), Call: "c", Seq: seq, Line: "l",
			Data: event.StepStarted{Step: "pin"},
		}))
	}
	publish(1)
	var first event.Place
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var err error
		first, err = events.End(ctx)
		require.NoError(c, err)
		require.EqualValues(c, 1, first.Sequence)
	}, time.Minute, 10*time.Millisecond)
	publish(2)
	publish(3)

	var mu sync.Mutex
	places := map[string]event.Place{}
	following, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		events.Follow(following, first, func(at event.Place, e event.Event) {
			mu.Lock()
			defer mu.Unlock()
			places[e.ID] = at
			if e.Seq == 3 {
				stop()
			}
		})
	}()
	<-done
	stop()
	require.Len(t, places, 2, "it begins after the place")
	e, ok, err := events.At(ctx, places["c.3"])
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, "c.3", e.ID)
	_, ok, err = events.At(ctx, event.Place{Sequence: 99, Created: first.Created})
	require.NoError(t, err)
	assert.False(t, ok, "gone")
	_, ok, err = events.At(ctx, event.Place{Sequence: 1, Created: first.Created.Add(time.Second)})
	require.NoError(t, err)
	assert.False(t, ok, "the number is of another stream")
}
