package session

import (
	"context"

	"countersign/session/event"
)

// Answered is what came of judging an answer.
type Answered int

const (
	// Wrong answer.
	Wrong Answered = iota
	// Right answer.
	Right
	// LockedOut: there were too many attempts. Nothing was checked.
	LockedOut
)

// Judge takes one of the customer's attempts and then checks the answer. An error of check costs no attempt: it is never the caller's failure.
func (s *Session) Judge(ctx context.Context, check func(ctx context.Context) (right bool, err error)) (Answered, error) {
	a := s.attempt()
	if standing := s.guard.Try(ctx, a); standing.Locked {
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

// Named notes that the caller gave an identifier, for who tries many.
func (s *Session) Named(ctx context.Context, kind, value string) {
	if number := s.Number(); number != "" {
		s.guard.Named(ctx, number, kind, value)
	}
}

func (s *Session) attempt() Attempt {
	a := Attempt{Call: s.call.ID, Line: s.line.Name, Caller: s.Number()}
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
