package bus_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

func TestAwaitCaughtUpWaitsForWhatTheStreamHas(t *testing.T) {
	t.Parallel()
	n := embedded(t).Endpoint()
	s := state(t, n, bus.StateOptions{})
	ready(t, s)
	publishCall(t, s, "call-1", "C-1001")
	stream, err := on(t, n).Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	consumer := make(chan string, 1)
	consumer <- "reports-1"
	name := func(context.Context) (string, error) {
		now := <-consumer
		consumer <- now
		return now, nil
	}
	done := make(chan error, 1)
	go func() { done <- bus.AwaitCaughtUp(t.Context(), n, name) }()
	waits := func(why string) {
		t.Helper()
		select {
		case err := <-done:
			require.FailNow(t, "it did not wait", "%s: %v", why, err)
		case <-time.After(200 * time.Millisecond):
		}
	}
	handle := func(durable string, left int) {
		t.Helper()
		c, err := stream.CreateOrUpdateConsumer(t.Context(),
			jetstream.ConsumerConfig{Durable: durable, AckPolicy: jetstream.AckExplicitPolicy})
		require.NoError(t, err)
		for n := int(c.CachedInfo().NumPending); n > left; n-- {
			msg, err := c.Next()
			require.NoError(t, err)
			require.NoError(t, msg.DoubleAck(t.Context()))
		}
	}
	waits("there is no consumer")
	handle("reports-1", 1)
	waits("one event is left")
	<-consumer
	consumer <- "reports-2"
	handle("reports-1", 0)
	waits("the reports were reset, and have another consumer")
	handle("reports-2", 0)
	require.NoError(t, <-done)

	publishCall(t, s, "call-2", "C-1001")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, bus.AwaitCaughtUp(ctx, n, name), context.DeadlineExceeded, "more has come")
	handle("reports-2", 1)
	info, err := stream.Info(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.DeleteMsg(t.Context(), info.State.LastSeq))
	require.NoError(t, bus.AwaitCaughtUp(t.Context(), n, name), "deleted messages are not waited for")
}
