package bus_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
)

func TestWhatOneServerKeptGoesToThreeAndStaysThere(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("three servers elect their leaders for seconds: run without -short")
	}
	var urls []string
	for _, s := range cluster(t) {
		urls = append(urls, s.ClientURL())
	}
	at := external(t, strings.Join(urls, ","))
	alone := func(replicas int) []string {
		s, err := bus.OpenState(at, bus.StateOptions{
			Within: patience, Log: discard(), Replicas: replicas, Stream: bus.StreamConfig{Replicas: replicas},
		})
		require.NoError(t, err)
		defer s.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		require.NoError(t, s.Ready(ctx))
		var streams []string
		require.Eventually(t, func() bool { // a stream that has just been changed has no leader for a moment
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			var err error
			streams, err = s.OnOneServer(ctx)
			return err == nil
		}, patience, 20*time.Millisecond)
		return streams
	}
	all := []string{"KV_guard", "KV_calls", "KV_lines", "KV_people", "KV_webhooks", "KV_recordings", "KV_customers"}
	assert.Equal(t, all, alone(0))
	assert.Empty(t, alone(3))
	assert.Empty(t, alone(0), "a machine, or a command, that does not say how many leaves it")
	assert.Equal(t, all, alone(1))
}
