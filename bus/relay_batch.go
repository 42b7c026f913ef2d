package bus

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The headers of an atomic batch (ADR-50), which nats.go does not name.
const (
	batchIDHeader       = "Nats-Batch-Id"
	batchSequenceHeader = "Nats-Batch-Sequence"
	batchCommitHeader   = "Nats-Batch-Commit"
)

// batchLeast is the smallest window that is a batch. Until it is stored, a batch has a folder of its own, which costs as
// much as syncing some tens of messages one by one: with 8, calls at a moderate rate were slower than without batches.
const batchLeast = 64

// errNotAtOnce means that NATS does not take this window as one batch. It has stored nothing of it.
var errNotAtOnce = errors.New("NATS does not take these events at once")

// sendAtOnce publishes entries as one atomic batch: NATS stores all or none, in order, and the embedded server syncs them
// to disk once, before it confirms them and before anybody can read them. Any refusal is errNotAtOnce.
func (s *sender) sendAtOnce(ctx context.Context, entries []Entry) error {
	id := uuid.NewString()
	msgs := make([]*nats.Msg, len(entries))
	for i, e := range entries {
		msg, err := s.message(e)
		if err != nil {
			return errNotAtOnce
		}
		msg.Header.Set(batchIDHeader, id)
		msg.Header.Set(batchSequenceHeader, strconv.Itoa(i+1))
		if int64(msg.Size()) > s.js.Conn().MaxPayload() {
			return errNotAtOnce
		}
		msgs[i] = msg
	}
	last := len(msgs) - 1
	for _, msg := range msgs[:last] {
		if err := s.js.Conn().PublishMsg(msg); err != nil {
			return err
		}
	}
	msgs[last].Header.Set(batchCommitHeader, "1")
	ack, err := s.js.PublishMsgAsync(msgs[last], jetstream.WithRetryAttempts(0))
	if err != nil {
		return err
	}
	_, err = s.outcome(ctx, flight{entry: entries[last], ack: ack})
	if refused(err) {
		return errNotAtOnce
	}
	return err
}
