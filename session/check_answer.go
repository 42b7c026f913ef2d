package session

import (
	"context"

	"countersign/session/event"
)

// Answered is the result of judging an answer.
type Answered int

const (
	// Wrong answer.
	Wrong Answered = iota
	// Right answer.
	Right
	// LockedOut: the customer is locked. Nothing was checked.
	LockedOut
	// TurnedAway: the caller's number is locked because of other calls at the same time. Nothing was checked.
	TurnedAway
)

// Judge takes one of the customer's attempts and then checks the answer. An error of check costs no attempt, because it
// is not the caller's failure.
func (s *Session) Judge(
	ctx context.Context, check func(ctx context.Context) (right bool, err error),
) (Answered, error) {
	a := s.attempt()
	switch standing := s.guard.Try(ctx, a); {
	case standing.Locked && standing.Caller:
		s.events.record(lockedNow(event.LockOnCaller, a.Customer, standing, false))
		return TurnedAway, nil
	case standing.Locked:
		return LockedOut, nil
	}
	right, err := check(ctx)
	if err != nil || right {
		s.guard.GiveBack(context.WithoutCancel(ctx), a)
	}
	switch {
	case err != nil:
		return Wrong, err
	case right:
		return Right, nil
	}
	if standing := s.guard.Customer(ctx, a.Customer); standing.Locked {
		s.events.record(lockedNow(event.LockOnCustomer, a.Customer, standing, true))
	}
	return Wrong, nil
}

// Named counts an identifier that the caller gave, against callers who try many. It counts only on lines that ask for
// proof: without it, a caller who owns many identifiers looks the same.
func (s *Session) Named(ctx context.Context, kind, value string) {
	if number := s.counted(); number != "" && len(s.line.Verify) > 0 {
		s.guard.Named(ctx, number, kind, value)
	}
}

func (s *Session) attempt() Attempt {
	a := Attempt{Call: s.call.ID, Line: s.line.Name, Caller: s.counted()}
	if s.customer != nil {
		a.Customer = s.customer.ID
	}
	return a
}

func lockedNow(on event.LockOn, customer string, st Standing, began bool) event.Locked {
	l := event.Locked{On: on, Customer: customer, Began: began}
	if !st.Until.IsZero() {
		until := st.Until.UTC()
		l.Until = &until
	}
	return l
}
