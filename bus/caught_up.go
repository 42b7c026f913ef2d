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

// caughtUpLook is how often AwaitCaughtUp looks.
const caughtUpLook = 50 * time.Millisecond

// AwaitCaughtUp returns when a durable consumer has handled all events that the stream had when NATS was first reached, or with ctx's error. While NATS is away, or does not know
// the consumer, it waits. name is asked again and again, because reports that are reset have another consumer.
func AwaitCaughtUp(ctx context.Context, endpoint Endpoint, name func(context.Context) (string, error)) (err error) {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	arrived, last := false, uint64(0)
	known := false
	(&link{endpoint: endpoint, name: "countersign caught up", log: slog.New(slog.DiscardHandler)}).run(waiting, func(ctx context.Context, conn *nats.Conn, up func()) error {
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
			if retry.Pause(ctx, caughtUpLook) != nil {
				return context.Cause(ctx)
			}
		}
	})
	if !arrived {
		return fmt.Errorf("wait for events to be counted: %w", context.Cause(ctx))
	}
	return nil
}

// caughtUp says that a consumer has handled everything up to last. What was deleted it never gets; and a consumer that was made this moment does not know yet what is waiting for it.
func caughtUp(c *jetstream.ConsumerInfo, s jetstream.StreamState, last uint64) bool {
	nothingLeft := c.NumPending == 0 && c.NumAckPending == 0 && (c.Delivered.Stream > 0 || s.Msgs == 0)
	return c.AckFloor.Stream >= last || nothingLeft
}
