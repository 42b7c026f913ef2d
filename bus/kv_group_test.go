package bus_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/shared"
)

// inBatches counts the values of the bucket guard that were written in a batch.
func inBatches(t *testing.T, nats bus.Endpoint) (n int) {
	t.Helper()
	stream, err := on(t, nats).Stream(t.Context(), "KV_guard")
	require.NoError(t, err)
	state := stream.CachedInfo().State
	for seq := state.FirstSeq; seq <= state.LastSeq; seq++ {
		msg, err := stream.GetMsg(t.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) { // written again since
			continue
		}
		require.NoError(t, err)
		if msg.Header.Get("Nats-Batch-Id") != "" {
			n++
		}
	}
	return n
}

// Of many who write at once, some find their key taken: their batch is refused, and all the same each gets what it
// would have got alone.
func TestManyWhoWriteAtOnceGetWhatEachWouldGetAlone(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	guard := ready(t, state(t, nats.Endpoint(), bus.StateOptions{})).Guard()
	const taken = 1
	key := func(i int) string { return fmt.Sprintf("customer.%d", i) }
	_, err := guard.Create(t.Context(), key(taken), []byte("first"), shared.ByDefault)
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 400 {
		all.Go(func() {
			revision, err := guard.Create(t.Context(), key(i), []byte("new"), shared.ByDefault)
			if i == taken {
				assert.ErrorIs(t, err, shared.ErrConflict)
				return
			}
			if !assert.NoError(t, err) {
				return
			}
			next, err := guard.Update(t.Context(), key(i), []byte("next"), revision, shared.ByDefault)
			assert.NoError(t, err, "the revision that Create returned is the key's")
			_, err = guard.Update(t.Context(), key(i), []byte("late"), revision, shared.ByDefault)
			assert.ErrorIs(t, err, shared.ErrConflict)
			value, at, err := guard.Get(t.Context(), key(i))
			assert.NoError(t, err)
			assert.Equal(t, "next", string(value))
			assert.Equal(t, next, at)
		})
	}
	all.Wait()
	value, _, err := guard.Get(t.Context(), key(taken))
	require.NoError(t, err)
	assert.Equal(t, "first", string(value))

	for i := range 400 {
		all.Go(func() {
			_, err := guard.Put(t.Context(), fmt.Sprintf("caller.%d", i), []byte("x"), shared.ByDefault)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Greater(t, inBatches(t, nats.Endpoint()), 100, "of 400 that were not refused")
}
