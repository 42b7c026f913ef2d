package bus

import (
	"context"
	"errors"
	"log/slog"
	"slices"
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
	errUnconfirmed = errors.New("NATS did not confirm an event in time")
)

// sender publishes entries in order. Each message of a window names the one before it (Nats-Expected-Last-Msg-Id):
// when NATS refuses one, it refuses all that follow.
type sender struct {
	js      jetstream.JetStream
	window  int // of the next entries, at most most
	most    int
	atOnce  bool // NATS takes windows as atomic batches
	ackWait time.Duration
	sign    Signer
	log     *slog.Logger
	status  *statusBoard
}

// Whoever else publishes to the stream waits behind a window, so a slow NATS gets smaller ones: as many events as it
// stored lately in windowTime.
const (
	windowTime  = 250 * time.Millisecond
	windowLeast = 16
)

// slowMost is how long a NATS that answers pings may take to confirm the next event. After that it is stuck, and a new
// connection may help.
const slowMost = time.Minute

// newSender begins with a small window: nobody knows yet how slow NATS is, and it has proven nothing before a window is
// stored. A replicated stream gets one message at a time: see DESIGN.md.
func newSender(js jetstream.JetStream, stream jetstream.Stream, c RelayConfig, log *slog.Logger,
	status *statusBoard) *sender {
	most := c.Batch
	if stream.CachedInfo().Config.Replicas > 1 {
		most = 1
	}
	return &sender{
		js: js, window: min(windowLeast, most), most: most, ackWait: c.AckWait, sign: c.Sign, log: log, status: status,
		atOnce: c.Stream.atOnce && stream.CachedInfo().Config.AllowAtomicPublish && most > 1,
	}
}

// adapt chooses the next window after one of so many events that took so long.
func (s *sender) adapt(events int, took time.Duration) {
	fits := s.most
	if took > 0 {
		fits = int(min(float64(s.most), float64(events)*float64(windowTime)/float64(took)))
	}
	s.window = min(s.most, max(windowLeast, min(fits, 2*s.window)))
}

// flight is one entry of a window: in flight, or settled without being sent.
type flight struct {
	entry Entry
	ack   jetstream.PubAckFuture
	err   error
}

// send publishes the entries that are not in the stream yet and waits for NATS's answer to each. It returns how many
// of the first ones are settled: stored, or refused for good. If that is not all and err is nil, the rest must be
// sent again.
func (s *sender) send(ctx context.Context, entries []Entry, inStream func(id string) bool) (settled int, err error) {
	began := time.Now()
	if s.atOnce {
		missing := slices.DeleteFunc(slices.Clone(entries), func(e Entry) bool { return inStream(e.ID) })
		if len(missing) >= batchLeast {
			err := s.sendAtOnce(ctx, missing)
			if err == nil {
				s.status.published(len(missing))
				s.adapt(len(entries), time.Since(began))
				return len(entries), nil
			}
			if !errors.Is(err, errNotAtOnce) {
				return 0, err
			}
			s.atOnce = false // over this connection; one by one, NATS says which event it does not take
			s.log.Debug("nats refuses events at once, they are sent one by one")
		}
	}
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
		if errors.Is(err, errOutOfOrder) {
			return settled, s.drain(ctx, flights[i+1:])
		}
		if err != nil {
			return settled, err
		}
		settled++
	}
	s.adapt(settled, time.Since(began))
	return settled, nil
}

// drain waits for the answers to flights that will be sent again in any case.
func (s *sender) drain(ctx context.Context, flights []flight) error {
	for _, f := range flights {
		if f.ack == nil {
			continue
		}
		if _, err := s.outcome(ctx, f); errors.Is(err, errUnconfirmed) || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// message makes the message of an entry.
func (s *sender) message(e Entry) (*nats.Msg, error) {
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
	return msg, sign(msg, s.sign)
}

// publish sends one entry. previous is the id of the entry before it in this window.
func (s *sender) publish(e Entry, previous string) (jetstream.PubAckFuture, error) {
	msg, err := s.message(e)
	if err != nil {
		return nil, err
	}
	if previous != "" {
		msg.Header.Set(jetstream.ExpectedLastMsgIDHeader, previous)
	}
	return s.js.PublishMsgAsync(msg, jetstream.WithRetryAttempts(0))
}

// errOutOfOrder means that NATS refused a message because it had refused the one before it in the window, or because
// another node's message came between.
var errOutOfOrder = errors.New("out of order")

// settle waits for NATS's answer to one entry. nil means that the entry is done.
func (s *sender) settle(ctx context.Context, f flight) error {
	if f.err == nil && f.ack == nil {
		return nil
	}
	ack, err := s.outcome(ctx, f)
	switch {
	case err == nil:
		if !ack.Duplicate {
			s.status.published(1)
		}
		return nil
	case hasCode(err, codeWrongLastMsgID):
		return errOutOfOrder
	case hopeless(err):
		s.status.refused()
		s.log.Error("event refused by nats, it stays in the journal only",
			"event", f.entry.ID, "subject", f.entry.Subject, "bytes", len(f.entry.Body), "err", err)
		return nil
	default:
		return err
	}
}

// outcome waits for NATS's answer to one entry. To begin again because NATS is slow would send the events in flight
// once more to everybody who listens, so NATS is first asked whether it is still there.
func (s *sender) outcome(ctx context.Context, f flight) (*jetstream.PubAck, error) {
	if f.err != nil {
		return nil, f.err
	}
	late := time.NewTicker(s.ackWait)
	defer late.Stop()
	for giveUp := time.Now().Add(max(slowMost, s.ackWait)); ; {
		select {
		case ack := <-f.ack.Ok():
			return ack, nil
		case err := <-f.ack.Err():
			return nil, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-late.C:
			if time.Now().After(giveUp) || !s.isThere(ctx) {
				return nil, errUnconfirmed
			}
		}
	}
}

// isThere reports whether NATS answers a ping.
func (s *sender) isThere(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, s.ackWait)
	defer cancel()
	return s.js.Conn().FlushWithContext(ctx) == nil
}

// hopeless reports whether NATS will never accept this message.
func hopeless(err error) bool {
	return errors.Is(err, errSubject) || errors.Is(err, errNoID) ||
		errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, nats.ErrBadSubject) ||
		hasCode(err, jetstream.JSErrCodeStreamMessageExceedsMaximum) || hasCode(err, codeHeaderTooLarge)
}

// refused reports whether NATS answered with a refusal.
func refused(err error) bool {
	_, answered := errors.AsType[*jetstream.APIError](err)
	return answered
}

func hasCode(err error, code jetstream.ErrorCode) bool {
	var refusal *jetstream.APIError
	return errors.As(err, &refusal) && refusal.ErrorCode == code
}

// publishable reports whether a subject belongs to the stream and has no wildcards.
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
