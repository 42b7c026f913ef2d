package bus

import (
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

// errNotAtOnce means that NATS does not take these messages as one batch. It has stored none of them.
var errNotAtOnce = errors.New("NATS does not take these messages at once")

// publishAtOnce publishes messages as one atomic batch: NATS stores all or none, in order, and the embedded server syncs
// them to disk once, before it confirms the last one and before anybody can read them. It may be called again with the
// same messages.
func publishAtOnce(js jetstream.JetStream, msgs []*nats.Msg) (jetstream.PubAckFuture, error) {
	id, last := uuid.NewString(), len(msgs)-1
	for i, msg := range msgs {
		msg.Header.Set(batchIDHeader, id)
		msg.Header.Set(batchSequenceHeader, strconv.Itoa(i+1))
		if i == last {
			msg.Header.Set(batchCommitHeader, "1")
		}
		if int64(msg.Size()) > js.Conn().MaxPayload() {
			return nil, errNotAtOnce
		}
	}
	for _, msg := range msgs[:last] {
		if err := js.Conn().PublishMsg(msg); err != nil {
			return nil, err
		}
	}
	return js.PublishMsgAsync(msgs[last], jetstream.WithRetryAttempts(0))
}

// notAtOnce makes a message of a batch one that is sent alone.
func notAtOnce(msg *nats.Msg) {
	for _, header := range []string{batchIDHeader, batchSequenceHeader, batchCommitHeader} {
		msg.Header.Del(header)
	}
}

// metaAtOnce notes that we have allowed batches once; what an operator changes afterwards stays.
const metaAtOnce = "countersign.allow_atomic"

// allowAtOnce allows batches on a stream that an earlier version has made.
func allowAtOnce(c *jetstream.StreamConfig) (changed bool) {
	if c.Metadata[metaAtOnce] != "" {
		return false
	}
	if c.Metadata == nil {
		c.Metadata = map[string]string{}
	}
	c.AllowAtomicPublish, c.Metadata[metaAtOnce] = true, "true"
	return true
}
