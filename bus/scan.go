package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// scanChunk is how many messages are asked for at once, scanWithin how long NATS may take to answer.
const (
	scanChunk  = 2000
	scanWithin = 10 * time.Second
)

var errScanStalled = errors.New("NATS stopped sending")

// scan calls found with each message that is in a stream now, in order, until it returns false. config says which messages, and what of them.
func scan(ctx context.Context, stream jetstream.Stream, config jetstream.ConsumerConfig, found func(msg jetstream.Msg, sequence uint64) (more bool)) error {
	config.AckPolicy, config.MemoryStorage, config.Replicas, config.InactiveThreshold = jetstream.AckNonePolicy, true, 1, time.Minute
	consumer, err := stream.CreateConsumer(ctx, config)
	if err != nil {
		return err
	}
	name := consumer.CachedInfo().Name
	defer func() {
		// Best effort: NATS removes an idle one after a minute.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = stream.DeleteConsumer(ctx, name)
	}()
	for left := consumer.CachedInfo().NumPending; left > 0; {
		chunk, err := consumer.Fetch(int(min(left, scanChunk)), jetstream.FetchMaxWait(scanWithin))
		if err != nil {
			return err
		}
		got := uint64(0)
		for msg := range chunk.Messages() {
			got++
			about, err := msg.Metadata()
			if err != nil {
				return err
			}
			if !found(msg, about.Sequence.Stream) || about.NumPending == 0 { // some may run out meanwhile
				return nil
			}
		}
		if err := errors.Join(chunk.Error(), context.Cause(ctx)); err != nil {
			return err
		}
		if got == 0 {
			return errScanStalled
		}
		left -= min(left, got)
	}
	return nil
}
