package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// Prove returns nil once NATS has stored an event since the call: one of the outbox, or a test message if the outbox
// is empty. Otherwise it returns, when ctx ends at the latest, why events do not get through: ErrOutbox, ErrAway, or
// another error if NATS answers and does not store them. Run must be running. Any goroutine may call it.
func (r *Relay) Prove(ctx context.Context) error {
	if s := r.Status(); !s.Connected && s.LastError != "" {
		return r.unproven() // between two connections
	}
	done := make(chan error, 1)
	select {
	case r.proofs <- done:
	case <-ctx.Done():
		return r.unproven()
	}
	select {
	case err := <-done:
		return withCause(err)
	case <-ctx.Done():
		return r.unproven()
	}
}

var errNothingStored = errors.New("NATS has stored no event in time")

func (r *Relay) unproven() error {
	if err := r.status.why(); err != nil {
		return withCause(err)
	}
	return errNothingStored
}

// withCause makes an error that is neither the outbox nor an answer of NATS ErrAway.
func withCause(err error) error {
	known := func(cause error) bool { return errors.Is(err, cause) }
	if err == nil || refused(err) || slices.ContainsFunc([]error{ErrOutbox, ErrAway, errNotReadBack}, known) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrAway, err)
}

// collectProofs takes the questions that are waiting.
func (r *Relay) collectProofs() {
	for {
		select {
		case done := <-r.proofs:
			r.proving = append(r.proving, done)
		default:
			return
		}
	}
}

// proven answers all questions.
func (r *Relay) proven(err error) {
	for _, done := range r.proving {
		done <- err
	}
	r.proving = nil
}

// proveIdle answers the questions of those who wait while the outbox is empty.
func (r *Relay) proveIdle(ctx context.Context, js jetstream.JetStream, stream jetstream.Stream) error {
	if len(r.proving) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.AckWait)
	defer cancel()
	err := proveStream(ctx, js, stream, "relay")
	r.proven(err)
	return err
}
