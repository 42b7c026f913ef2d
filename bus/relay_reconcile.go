package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// clockSlack is how far our clock may run ahead of the server's.
const clockSlack = time.Minute

// reconciler finds out, once per connection, which entries of the outbox the stream already holds from an earlier
// connection or process. The stream's duplicate window helps only for minutes.
//
// Entries are published in order, so those in the stream are the first ones of the outbox: the search ends with the
// first batch whose last entry is missing in the stream.
type reconciler struct {
	done     bool
	inStream map[string]bool
}

func (r *reconciler) has(id string) bool { return r.inStream[id] }

// search looks for a batch of entries in the stream before it is sent.
func (r *reconciler) search(ctx context.Context, stream jetstream.Stream, entries []Entry) error {
	if r.done {
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
	since := oldest.Add(-clockSlack)
	recent := jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &since, HeadersOnly: true,
	}
	err := scan(ctx, stream, recent, func(msg jetstream.Msg, _ uint64) (more bool) {
		if id := msg.Headers().Get(jetstream.MsgIDHeader); wanted[id] {
			r.inStream[id] = true
		}
		return len(r.inStream) < len(wanted)
	})
	if err != nil {
		return fmt.Errorf("look up events in the stream: %w", err)
	}
	r.done = !r.inStream[entries[len(entries)-1].ID]
	return nil
}
