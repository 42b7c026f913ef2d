package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/internal/retry"
	"countersign/session/event"
)

// Whether NATS works is found out by doing: a message is written and read back. A server whose disk was full answers
// every question, and stores nothing.

// probeFact is the last token of a test message in the stream of events, which is deleted as soon as it is read back.
// Those who subscribe to every event see it, as an event of a kind that they do not know.
const probeFact = "probe"

var probeSubject = subjectPrefix + "_." + probeFact

// probeKey begins the keys of test writes to buckets. No line, call or record has such a key.
const probeKey = "probe."

// probeHeader tells a test write from the one before.
const probeHeader = "Countersign-Probe"

// A test write must outlast the time in which it is read back.
const (
	probeTTL        = "10" // seconds
	probeReadWithin = 5 * time.Second
	probeReadPause  = 20 * time.Millisecond
)

// errNotReadBack means that NATS confirmed a write and does not have it.
var errNotReadBack = errors.New("NATS confirmed a test write and does not return it")

// Prove returns nil once every bucket has taken a test write and returned it. Its error names those that do not.
func (s *State) Prove(ctx context.Context) error {
	buckets := []*Bucket{s.guard, s.calls, s.lines}
	errs := make([]error, len(buckets))
	var proving sync.WaitGroup
	for i, b := range buckets {
		proving.Go(func() { errs[i] = b.prove(ctx) })
	}
	proving.Wait()
	return errors.Join(errs...)
}

// ProveEvents is Prove for the stream of events. Without a stream there is nothing to prove: the first event makes it.
func (s *State) ProveEvents(ctx context.Context) error {
	if !s.conn.IsConnected() {
		return ErrAway
	}
	stream, err := s.js.Stream(ctx, event.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the stream %s: %w", event.Stream, err)
	}
	return proveStream(ctx, s.js, stream, s.options.Node)
}

// Stuck returns why NATS does not store what it is sent, or nil. That somebody has set a limit which is reached is no
// reason: NATS works as it was told to.
func (s *State) Stuck(ctx context.Context) error {
	checks := []func(context.Context) error{s.guard.prove, s.calls.prove, s.lines.prove, s.ProveEvents}
	errs := make([]error, len(checks))
	var proving sync.WaitGroup
	for i, check := range checks {
		proving.Go(func() {
			if err := check(ctx); !atLimit(err) {
				errs[i] = err
			}
		})
	}
	proving.Wait()
	return errors.Join(errs...)
}

// atLimit reports whether NATS refused a message because of a setting of the stream or the account.
func atLimit(err error) bool {
	refusal, ok := errors.AsType[*jetstream.APIError](err)
	if !ok {
		return false
	}
	switch server.ErrorIdentifier(refusal.ErrorCode) {
	case server.JSStreamMessageExceedsMaximumErr, server.JSAccountResourcesExceededErr, server.JSStreamSealedErr:
		return true
	case server.JSStreamStoreFailedF:
		return slices.ContainsFunc([]error{
			server.ErrMaxMsgs, server.ErrMaxBytes, server.ErrMaxMsgsPerSubject, server.ErrMsgTooLarge,
		}, func(limit error) bool { return refusal.Description == limit.Error() })
	}
	return false
}

// prove writes a deletion of a key that never had a value, and reads it back. It is gone after probeTTL; a NATS that
// cannot do that keeps the last one of each machine.
func (b *Bucket) prove(ctx context.Context) error {
	stream, err := b.ready()
	if err != nil {
		return err
	}
	node := sha256.Sum256([]byte(b.state.options.Node))
	key, mark := probeKey+hex.EncodeToString(node[:8]), uuid.NewString()
	msg := nats.NewMsg(b.subject(key))
	if stream.CachedInfo().Config.AllowMsgTTL {
		msg.Subject += "." + mark
		msg.Header.Set(jetstream.MsgTTLHeader, probeTTL)
	} else {
		msg.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	}
	msg.Header.Set(operationHeader, operationPurge)
	msg.Header.Set(probeHeader, mark)
	ack, err := b.state.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	if err != nil {
		return b.failed(ctx, key, err)
	}
	return b.readBack(ctx, stream, msg.Subject, ack.Sequence, mark)
}

// readBack returns nil once the bucket has the test write. In a cluster any server that keeps the bucket answers, also
// one that is behind.
func (b *Bucket) readBack(ctx context.Context, stream jetstream.Stream, subject string, wrote uint64,
	mark string) error {
	ctx, cancel := context.WithTimeout(ctx, probeReadWithin)
	defer cancel()
	for {
		back, err := stream.GetLastMsgForSubject(ctx, subject)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
		case err != nil:
			return b.failed(ctx, subject, err)
		case back.Sequence > wrote || back.Sequence == wrote && back.Header.Get(probeHeader) == mark:
			return nil
		}
		if retry.Pause(ctx, probeReadPause) != nil {
			return fmt.Errorf("bucket %s: %w", b.spec.name, errNotReadBack)
		}
	}
}

// proveStream publishes a test message to the stream of events, reads it back and deletes it.
func proveStream(ctx context.Context, js jetstream.JetStream, stream jetstream.Stream, node string) error {
	id := probeFact + "-" + uuid.NewString() + ".1"
	body, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": id, "source": "/countersign/" + node, "type": "countersign.v1." + probeFact,
		"time": time.Now().UTC(), "datacontenttype": "application/json",
		"call": strings.TrimSuffix(id, ".1"), "seq": 1, "line": "_", "lineversion": 0, "data": map[string]any{},
	})
	if err != nil {
		return err
	}
	msg := nats.NewMsg(probeSubject)
	msg.Data = body
	msg.Header.Set(contentTypeHeader, cloudEventsMediaType)
	msg.Header.Set(jetstream.MsgIDHeader, id)
	ack, err := js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	if err != nil {
		return fmt.Errorf("stream %s: publish a test event: %w", event.Stream, err)
	}
	back, err := stream.GetMsg(ctx, ack.Sequence)
	if err != nil {
		return fmt.Errorf("stream %s: read a test event back: %w", event.Stream, err)
	}
	if back.Header.Get(jetstream.MsgIDHeader) != id {
		return fmt.Errorf("stream %s: %w", event.Stream, errNotReadBack)
	}
	// Best effort: an operator may have forbidden deletions; it expires with the events.
	_ = stream.DeleteMsg(ctx, ack.Sequence)
	return nil
}

// isProbe reports whether a message of the stream is a test message.
func isProbe(subject string) bool { return subject == probeSubject }
