package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"countersign/session/event"
)

// expireWithin bounds one removal of expired events.
const expireWithin = 10 * time.Second

// RemoveEvents removes the events that NATS stored before a time, and returns how many. The caller has made sure that
// the clock is right: NATS itself would remove everything that seems too old to a clock that leapt ahead.
func (s *State) RemoveEvents(ctx context.Context, before time.Time) (removed int, err error) {
	ctx, cancel := context.WithTimeout(ctx, expireWithin)
	defer cancel()
	stream, err := s.js.Stream(ctx, event.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("remove expired events: %w", err)
	}
	state := stream.CachedInfo().State
	if state.Msgs == 0 || !state.FirstTime.Before(before) {
		return 0, nil
	}
	next := state.LastSeq + 1
	if !state.LastTime.Before(before) {
		if next, err = firstSince(ctx, stream, before); err != nil {
			return 0, fmt.Errorf("remove expired events: %w", err)
		}
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSequence(next)); err != nil {
		return 0, fmt.Errorf("remove expired events: %w", err)
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("remove expired events: %w", err)
	}
	return int(state.Msgs) - int(info.State.Msgs) + int(info.State.LastSeq-state.LastSeq), nil
}

// firstSince is the sequence of the first message stored since a time; there is one.
func firstSince(ctx context.Context, stream jetstream.Stream, since time.Time) (uint64, error) {
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &since, HeadersOnly: true,
		InactiveThreshold: time.Minute,
	})
	if err != nil {
		return 0, err
	}
	msg, err := consumer.Next(jetstream.FetchMaxWait(expireWithin / 2))
	if err != nil {
		return 0, err
	}
	meta, err := msg.Metadata()
	if err != nil {
		return 0, err
	}
	return meta.Sequence.Stream, nil
}
