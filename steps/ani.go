package steps

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// fillAfter is how long a look-up may take before the caller hears something: the greeting, in this case. A local look-up is faster, and then the
// greeting and the first question are one prompt.
const fillAfter = 100 * time.Millisecond

// ANI identifies by the caller's number. A number that is withheld, anonymous or no number at all is not looked up; a number that several customers
// share identifies nobody. It never speaks of what it found.
type ANI struct{ Directory Directory }

// Name implements session.Step.
func (ANI) Name() string { return "ani" }

// Run implements session.Step.
func (a ANI) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	call := s.Call()
	if call.Withheld {
		return session.Skipped(event.ReasonWithheld), nil
	}
	number, err := session.E164(call.Caller, s.Line().Region)
	if err != nil {
		return session.Skipped(event.ReasonNoNumber), nil
	}
	found, err := whileSpeaking(ctx, s, func(ctx context.Context) ([]session.Customer, error) { return a.Directory.ByPhone(ctx, number) })
	if err != nil {
		return session.Outcome{}, err
	}
	switch len(found) {
	case 0:
		return session.Skipped(event.ReasonNotFound), nil
	case 1:
	default:
		return session.Skipped(event.ReasonSeveral), nil
	}
	return session.IdentifiedAs(found[0], event.MethodANI), nil
}

// whileSpeaking runs a look-up. If it takes long, what was queued to be said is said meanwhile. It waits for the look-up in any case but the end of the
// call, upon which the look-up is cancelled and waited for.
func whileSpeaking[T any](ctx context.Context, s *session.Session, lookUp func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	lookingUp, cancel := context.WithCancel(ctx)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("panic in a look-up: %v", p)
			}
			done <- a
		}()
		a.value, a.err = lookUp(lookingUp)
	}()
	wait := time.NewTimer(fillAfter)
	defer wait.Stop()
	select {
	case a := <-done:
		cancel()
		return a.value, a.err
	case <-wait.C:
	case <-ctx.Done():
	}
	playErr := s.Play(ctx)
	if playErr != nil {
		cancel()
	}
	a := <-done
	cancel()
	return a.value, errors.Join(playErr, a.err)
}
