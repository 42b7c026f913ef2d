package whatif

import (
	"context"

	"countersign/session"
	"countersign/session/event"
)

// guard is the session.Guard of a replayed call: the locks that the call met hold again.
type guard struct{ *player }

var locked = session.Standing{Locked: true}

// Caller implements session.Guard.
func (g guard) Caller(context.Context, string) session.Standing {
	g.mu.Lock()
	defer g.mu.Unlock()
	return session.Standing{Locked: g.rec.lockedCaller}
}

// Customer implements session.Guard. It is called before the first question and after each wrong answer.
func (g guard) Customer(context.Context, string) session.Standing {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.name == "" {
		return session.Standing{Locked: g.rec.lockedCustomers[g.identified]}
	}
	if g.step != nil && g.step.lockAfter > 0 && g.next >= g.step.lockAfter {
		g.locked = true
	}
	return session.Standing{Locked: g.locked}
}

// Try implements session.Guard.
func (g guard) Try(_ context.Context, a session.Attempt) session.Standing {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unchecked = false
	s := g.step
	if s == nil {
		return session.Standing{}
	}
	began := g.rec.lockStep
	switch last := g.next == len(s.Attempts); {
	case last && s.Reason == event.ReasonVelocity:
		return session.Standing{Locked: true, Caller: true}
	case a.Customer == "": // whatever they answer is wrong
	case last && s.Reason == event.ReasonLocked && began != nil && !g.locked:
		_ = g.giveUp("the answer was not checked because the customer was locked, and the lock would come later now")
		return locked
	case last && s.Reason == event.ReasonLocked, g.locked && s.at < began.at:
		return locked
	case s.Reason != event.ReasonVelocity && g.next > 0 && s.Attempts[g.next-1].Unchecked: // and the step went on
		g.locked = g.locked || s.lockedOut
		return locked
	case g.tooLate():
		_ = g.giveUp("the answer came too late and was not checked")
		return locked
	}
	return session.Standing{}
}

// GiveBack implements session.Guard.
func (guard) GiveBack(context.Context, session.Attempt) {}

// Wrong implements session.Guard.
func (guard) Wrong(context.Context, session.Attempt) {}

// Anonymous implements session.Guard.
func (guard) Anonymous(context.Context, string) session.Standing { return session.Standing{} }

// Unknown implements session.Guard.
func (g guard) Unknown(context.Context, session.Attempt) session.Standing {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.step
	last := s != nil && g.next == len(s.Attempts)
	return session.Standing{Locked: last && s.Reason == event.ReasonVelocity, Caller: true}
}

// Right implements session.Guard.
func (guard) Right(context.Context, session.Attempt) {}

// Named implements session.Guard.
func (guard) Named(context.Context, session.Attempt, string, string) {}

// StepFailed implements session.Guard.
func (guard) StepFailed(context.Context, string) {}

// Verified implements session.Guard.
func (guard) Verified(context.Context, session.Attempt) {}

// NotGuessed implements session.Guard.
func (guard) NotGuessed(context.Context, session.Attempt) {}

// Ended implements session.Guard.
func (guard) Ended(string, bool) {}
