package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/internal/retry"
	"countersign/session/event"
)

// caughtUpPoll is how often AwaitCaughtUp asks NATS.
const caughtUpPoll = 50 * time.Millisecond

// AwaitCaughtUp returns when a durable consumer has handled all events that the stream held when NATS was first
// reached, or with ctx's error. While NATS is away or does not know the consumer, it waits. It calls name before each
// look, because reports that are reset get another consumer.
func AwaitCaughtUp(ctx context.Context, endpoint Endpoint, name func(context.Context) (string, error)) (err error) {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	arrived, last := false, uint64(0)
	known := false
	l := &link{endpoint: endpoint, name: "countersign caught up", log: slog.New(slog.DiscardHandler)}
	l.run(waiting, func(ctx context.Context, conn *nats.Conn, up func()) error {
		js, err := jetstream.New(conn)
		if err != nil {
			return err
		}
		for up(); ; {
			stream, err := js.Stream(ctx, event.Stream)
			if err != nil {
				return err
			}
			state := stream.CachedInfo().State
			if !known {
				known, last = true, state.LastSeq
			}
			durable, err := name(ctx)
			if err != nil {
				return err
			}
			consumer, err := stream.Consumer(ctx, durable)
			if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
				return err
			}
			if err == nil && caughtUp(consumer.CachedInfo(), state, last) {
				arrived = true
				stop()
				return nil
			}
			if retry.Pause(ctx, caughtUpPoll) != nil {
				return context.Cause(ctx)
			}
		}
	})
	if !arrived {
		return fmt.Errorf("wait for events to be counted: %w", context.Cause(ctx))
	}
	return nil
}

// caughtUp reports whether a consumer has handled everything up to last. Deleted messages never reach it, so an idle
// consumer has caught up too, unless it is so new that its counters are not set yet.
func caughtUp(c *jetstream.ConsumerInfo, s jetstream.StreamState, last uint64) bool {
	nothingLeft := c.NumPending == 0 && c.NumAckPending == 0 && (c.Delivered.Stream > 0 || s.Msgs == 0)
	return c.AckFloor.Stream >= last || nothingLeft
}
