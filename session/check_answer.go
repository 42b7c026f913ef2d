package session

import (
	"context"

	"countersign/session/event"
)

// Answered is the result of judging an answer.
type Answered int

const (
	// Unchecked: nobody knows whether the answer is right.
	Unchecked Answered = iota
	// Wrong answer.
	Wrong
	// Right answer.
	Right
	// LockedOut: the customer is locked. Nothing was checked.
	LockedOut
	// TurnedAway: the caller's number is locked because of other calls at the same time. Nothing was checked.
	TurnedAway
)

// Judge takes one of the customer's attempts at a secret and then checks the answer. An answer that could not be
// checked costs no attempt, because that is not the caller's failure. One that was checked counts, even if check
// returns an error with it because the caller is gone meanwhile. If Decoy is not empty, check checks nobody's secret.
func (s *Session) Judge(
	ctx context.Context, by event.Method, check func(ctx context.Context) (Answered, error),
) (Answered, error) {
	if s.Decoy(by) != "" {
		return s.judgeDecoy(ctx, by, check)
	}
	a := s.attempt()
	a.Method = by
	standing, err := s.try(ctx, a)
	switch {
	case err != nil:
		return Unchecked, err
	case standing.Locked && standing.Caller:
		s.unchecked = true
		s.events.record(lockedNow(event.LockOnCaller, a.Customer, standing, false))
		return TurnedAway, nil
	case standing.Locked && s.concealed.on:
		if now := s.guard.Customer(ctx, a.Customer); now.Locked { // not only others who wrote at the same moment
			s.concealed.locked = true
			s.events.record(lockedNow(event.LockOnCustomer, a.Customer, now, false))
		}
		return s.judgeDecoy(ctx, by, check)
	case standing.Locked:
		s.unchecked = true
		return LockedOut, nil
	}
	answered, err := check(ctx)
	switch counting := context.WithoutCancel(ctx); answered {
	case Right:
		s.guard.Right(counting, a)
	case Wrong:
		s.countWrong(by)
		s.countWrongOf(by)
		s.guard.Wrong(counting, a)
		if standing := s.guard.Customer(counting, a.Customer); standing.Locked {
			s.events.record(lockedNow(event.LockOnCustomer, a.Customer, standing, true))
		}
	default:
		s.guard.GiveBack(counting, a)
	}
	return answered, err
}

// try takes an attempt. An anonymous caller may have to wait for those of others, and hears so. An error says that the
// caller is gone and that none was taken.
func (s *Session) try(ctx context.Context, a Attempt) (st Standing, err error) {
	return s.whenRoom(ctx, a, s.guard.Try)
}

// whenRoom asks the guard what an anonymous caller may have to wait for.
func (s *Session) whenRoom(
	ctx context.Context, a Attempt, ask func(context.Context, Attempt) Standing,
) (st Standing, err error) {
	if !a.Anonymous {
		return ask(ctx, a), nil
	}
	waiting, giveUp := context.WithCancel(ctx)
	defer giveUp()
	answered := false
	err = s.While(ctx, giveUp, func() { st = ask(waiting, a); answered = true })
	if answered && !st.Locked { // what was taken is checked, even if the caller is gone
		return st, nil
	}
	return st, err
}

// Named counts an identifier that the caller gave, against callers who try many. It counts only on lines that ask for
// proof: without it, a caller who owns many identifiers looks the same.
func (s *Session) Named(ctx context.Context, kind, value string) {
	if len(s.line.Verify) > 0 {
		s.guard.Named(ctx, s.attempt(), kind, value)
	}
}

// Unknown counts an identifier that no customer has. ended says that the caller must not give another.
func (s *Session) Unknown(ctx context.Context) (ended bool) {
	if len(s.line.Verify) == 0 {
		return false
	}
	st, err := s.whenRoom(ctx, s.attempt(), s.guard.Unknown)
	if st.Locked && err == nil {
		s.events.record(lockedNow(event.LockOnCaller, "", st, false))
	}
	return st.Locked
}

func (s *Session) attempt() Attempt {
	a := Attempt{
		Call: s.call.ID, Line: s.line.Name, Caller: s.counted(), Suggested: s.suggested(), Anonymous: s.anonymous(),
	}
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
