package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// clockSlack is how far our clock may be ahead of the server's.
const clockSlack = time.Minute

// scanChunk is how many ids are asked for at once, scanWithin how long NATS may take to answer.
const (
	scanChunk  = 2000
	scanWithin = 10 * time.Second
)

// reconciler finds out, once for each connection, which entries the stream already holds from an earlier connection or an earlier life of
// the process. The stream's own duplicate window does not help once it is over.
//
// Because entries are published in order, those in the stream are the first ones of the outbox: the search ends with the first batch whose
// last entry is not there.
type reconciler struct {
	over     bool
	inStream map[string]bool
}

func (r *reconciler) has(id string) bool { return r.inStream[id] }

// look learns about a batch of entries before it is sent.
func (r *reconciler) look(ctx context.Context, stream jetstream.Stream, entries []Entry) error {
	if r.over {
		return nil
	}
	r.inStream = make(map[string]bool, len(entries))
	wanted, oldest := make(map[string]bool, len(entries)), entries[0].Time
	for _, e := range entries {
		wanted[e.ID] = true
		if e.Time.Before(oldest) {
			oldest = e.Time
		}
	}
	err := scanIDs(ctx, stream, oldest.Add(-clockSlack), func(id string) (more bool) {
		if wanted[id] {
			r.inStream[id] = true
		}
		return len(r.inStream) < len(wanted)
	})
	if err != nil {
		return fmt.Errorf("look up events in the stream: %w", err)
	}
	r.over = !r.inStream[entries[len(entries)-1].ID]
	return nil
}

var errScanStalled = errors.New("NATS stopped sending")

// scanIDs calls found with the id of each message stored since a time and before now, in order, until it returns false.
func scanIDs(ctx context.Context, stream jetstream.Stream, since time.Time, found func(id string) (more bool)) error {
	consumer, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &since, AckPolicy: jetstream.AckNonePolicy,
		HeadersOnly: true, MemoryStorage: true, Replicas: 1, InactiveThreshold: time.Minute,
	})
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
			if !found(msg.Headers().Get(jetstream.MsgIDHeader)) {
				return nil
			}
		}
		if err := errors.Join(chunk.Error(), context.Cause(ctx)); err != nil {
			return err
		}
		if got == 0 {
			return errScanStalled
		}
		left -= got
	}
	return nil
}
