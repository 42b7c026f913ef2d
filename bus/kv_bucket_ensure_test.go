package bus_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/shared"
)

// At the first start several parts look for the lines at once, and NATS tells each that it created the bucket.
func TestABucketThatSeveralPartsCreateAtOnceWasNotLost(t *testing.T) {
	t.Parallel()
	e := embedded(t)
	js := on(t, e.Endpoint())
	for range 10 {
		lost := make(chan string, 100)
		s, err := bus.OpenState(e.Endpoint(), bus.StateOptions{
			Node: "n", Within: patience, Log: discard(), Lost: func(what string) { lost <- what },
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var watchers, seen sync.WaitGroup
		for range 8 {
			seen.Add(1)
			first := sync.OnceFunc(seen.Done)
			watchers.Go(func() { s.Lines().Watch(ctx, func([]shared.LineVersion) { first() }) })
		}
		seen.Wait()
		cancel()
		watchers.Wait()
		s.Close()
		assert.Empty(t, lost)
		require.NoError(t, js.DeleteStream(t.Context(), "KV_lines"))
	}
}
