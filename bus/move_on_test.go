package bus_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/internal/wiretest"
	"countersign/session/shared"
)

// A server that has lost the others, or is behind a cable that was pulled, keeps its connections and stores nothing.
func TestSharedStateMovesToAnotherServerWhenItsOwnStoresNothing(t *testing.T) {
	t.Parallel()
	e := embedded(t)
	at := e.URL()[len("nats://"):]
	ways := []*wiretest.Wire{wiretest.New(t, at), wiretest.New(t, at)} // of one server, as two that hold the same
	s := ready(t, state(t, external(t, "nats://"+ways[0].Address+",nats://"+ways[1].Address),
		bus.StateOptions{Within: time.Second}))
	for _, way := range ways { // the connection has taken one of them
		way.Hold()
		_, _ = s.Guard().Put(t.Context(), "key", []byte("x"), shared.ByDefault) // a call finds out
		require.Eventually(t, func() bool {
			_, err := s.Guard().Put(t.Context(), "key", []byte("x"), shared.ByDefault)
			return err == nil
		}, patience, 20*time.Millisecond)
		way.Release()
	}
}
