package bus

import (
	"context"

	"github.com/nats-io/nats.go"
)

// batchLeast is the smallest window that is a batch. Until it is stored, a batch has a folder of its own, which costs as
// much as syncing some twenty messages one by one.
const batchLeast = 32

// sendAtOnce publishes entries as one atomic batch. Any refusal is errNotAtOnce.
func (s *sender) sendAtOnce(ctx context.Context, entries []Entry) error {
	msgs := make([]*nats.Msg, len(entries))
	for i, e := range entries {
		var err error
		if msgs[i], err = s.message(e); err != nil {
			return errNotAtOnce
		}
	}
	ack, err := publishAtOnce(s.js, msgs)
	if err != nil {
		return err
	}
	_, err = s.outcome(ctx, flight{entry: entries[len(entries)-1], ack: ack})
	if refused(err) {
		return errNotAtOnce
	}
	return err
}
