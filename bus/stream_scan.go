package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	scanChunk  = 2000             // messages per request
	scanWithin = 10 * time.Second // for NATS to answer one
)

var errScanStalled = errors.New("NATS stopped sending")

// scan calls found with each message that is in a stream now, in order, until it returns false. config selects the
// messages. ctx bounds all of it.
func scan(ctx context.Context, stream jetstream.Stream, config jetstream.ConsumerConfig,
	found func(msg jetstream.Msg, sequence uint64) (more bool)) error {
	config.AckPolicy, config.MemoryStorage, config.Replicas = jetstream.AckNonePolicy, true, 1
	config.InactiveThreshold = time.Minute
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
		got, more, err := scanNext(ctx, consumer, int(min(left, scanChunk)), found)
		switch {
		case err != nil:
			return err
		case !more:
			return nil
		case got == 0:
			return errScanStalled
		}
		left -= min(left, got)
	}
	return nil
}

// scanNext calls found with up to that many messages. more is false if found wants no more, or there are none.
func scanNext(ctx context.Context, consumer jetstream.Consumer, most int,
	found func(msg jetstream.Msg, sequence uint64) (more bool)) (got uint64, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, scanWithin)
	defer cancel()
	chunk, err := consumer.Fetch(most, jetstream.FetchContext(ctx))
	if err != nil {
		return 0, false, err
	}
	for msg := range chunk.Messages() {
		got++
		about, err := msg.Metadata()
		if err != nil {
			return got, false, err
		}
		if !found(msg, about.Sequence.Stream) || about.NumPending == 0 { // some may expire meanwhile
			return got, false, nil
		}
	}
	return got, true, errors.Join(chunk.Error(), context.Cause(ctx))
}
