package bus

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Error codes of JetStream that nats.go does not name.
const (
	codeWrongLastMsgID   jetstream.ErrorCode = 10070
	codeHeaderTooLarge   jetstream.ErrorCode = 10097
	contentTypeHeader                        = "Content-Type"
	cloudEventsMediaType                     = "application/cloudevents+json"
)

var (
	errSubject     = errors.New("the subject does not belong to the stream")
	errNoID        = errors.New("the event has no id")
	errWentMissing = errors.New("NATS did not confirm an event in time")
)

// sender publishes entries in their order. Each message of a window names the one before it (Nats-Expected-Last-Msg-Id), so that when
// NATS does not take one, it takes none of those behind it either.
type sender struct {
	js      jetstream.JetStream
	window  int
	ackWait time.Duration
	log     *slog.Logger
	status  *statusBoard
}

// newSender chooses the window. A replicated stream gets one message at a time: see DESIGN.md.
func newSender(js jetstream.JetStream, stream jetstream.Stream, c RelayConfig, log *slog.Logger, status *statusBoard) *sender {
	window := c.Batch
	if stream.CachedInfo().Config.Replicas > 1 {
		window = 1
	}
	return &sender{js: js, window: window, ackWait: c.AckWait, log: log, status: status}
}

// flight is one entry of a window: on its way, or settled without a journey.
type flight struct {
	entry Entry
	ack   jetstream.PubAckFuture
	err   error
}

// send publishes entries, but for those already in the stream, and waits until NATS has said something about each. It returns how many, from
// the first one on, are settled: stored, or refused for good. Fewer than all without an error means that the rest is to be sent again.
func (s *sender) send(ctx context.Context, entries []Entry, inStream func(id string) bool) (settled int, err error) {
	flights := make([]flight, 0, len(entries))
	previous := ""
	for _, e := range entries {
		f := flight{entry: e}
		if !inStream(e.ID) {
			if f.ack, f.err = s.publish(e, previous); f.err == nil {
				previous = e.ID
			}
		}
		flights = append(flights, f)
	}
	for i, f := range flights {
		err := s.settle(ctx, f)
		if errors.Is(err, errNotItsTurn) {
			return settled, s.land(ctx, flights[i+1:])
		}
		if err != nil {
			return settled, err
		}
		settled++
	}
	return settled, nil
}

// land waits for the acks of flights that are to be sent again whatever those say.
func (s *sender) land(ctx context.Context, flights []flight) error {
	for _, f := range flights {
		if f.ack == nil {
			continue
		}
		if _, err := s.outcome(ctx, f); errors.Is(err, errWentMissing) || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// publish hands one entry to the connection. previous is the id of the entry before it in this window.
func (s *sender) publish(e Entry, previous string) (jetstream.PubAckFuture, error) {
	if e.ID == "" {
		return nil, errNoID
	}
	if !publishable(e.Subject) {
		return nil, errSubject
	}
	msg := nats.NewMsg(e.Subject)
	msg.Data = e.Body
	msg.Header.Set(contentTypeHeader, cloudEventsMediaType)
	msg.Header.Set(jetstream.MsgIDHeader, e.ID)
	if previous != "" {
		msg.Header.Set(jetstream.ExpectedLastMsgIDHeader, previous)
	}
	return s.js.PublishMsgAsync(msg, jetstream.WithRetryAttempts(0))
}

// errNotItsTurn: NATS did not take the message because the one before it in its window was not taken, or another node's came between.
var errNotItsTurn = errors.New("not its turn")

// settle waits for the fate of one entry. nil means that nothing is left to do for it.
func (s *sender) settle(ctx context.Context, f flight) error {
	if f.err == nil && f.ack == nil {
		return nil
	}
	ack, err := s.outcome(ctx, f)
	switch {
	case err == nil:
		if !ack.Duplicate {
			s.status.published()
		}
		return nil
	case hasCode(err, codeWrongLastMsgID):
		return errNotItsTurn
	case hopeless(err):
		s.status.refused()
		s.log.Error("event refused by nats, it stays in the journal only",
			"event", f.entry.ID, "subject", f.entry.Subject, "bytes", len(f.entry.Body), "err", err)
		return nil
	default:
		return err
	}
}

// outcome waits for what NATS says of one entry, as long as NATS goes on saying something of those before it.
func (s *sender) outcome(ctx context.Context, f flight) (*jetstream.PubAck, error) {
	if f.err != nil {
		return nil, f.err
	}
	late := time.NewTimer(s.ackWait)
	defer late.Stop()
	select {
	case ack := <-f.ack.Ok():
		return ack, nil
	case err := <-f.ack.Err():
		return nil, err
	case <-late.C:
		return nil, errWentMissing
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// hopeless says that NATS refused the message for what it is: the same message will never be taken.
func hopeless(err error) bool {
	return errors.Is(err, errSubject) || errors.Is(err, errNoID) || errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrBadSubject) ||
		hasCode(err, jetstream.JSErrCodeStreamMessageExceedsMaximum) || hasCode(err, codeHeaderTooLarge)
}

// refused says that NATS answered, and that it will not.
func refused(err error) bool {
	_, answered := errors.AsType[*jetstream.APIError](err)
	return answered
}

func hasCode(err error, code jetstream.ErrorCode) bool {
	var refusal *jetstream.APIError
	return errors.As(err, &refusal) && refusal.ErrorCode == code
}

// publishable says that the stream listens to the subject and that NATS would take it literally.
func publishable(subject string) bool {
	rest, ok := strings.CutPrefix(subject, subjectPrefix)
	if !ok || strings.ContainsAny(rest, " \t\r\n") {
		return false
	}
	for token := range strings.SplitSeq(rest, ".") {
		if token == "" || token == "*" || token == ">" {
			return false
		}
	}
	return true
}
