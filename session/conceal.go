package session

import (
	"context"

	"countersign/session/event"
)

// A line that conceals asks its first question of everybody who keyed an identifier: of a customer who is locked or has
// no such secret, and of a caller whose identifier no customer has. Their answers are wrong, whatever they are. So a
// caller cannot hear which identifiers exist (docs/policy.md#which-accounts-exist). The price is that a typing error is
// not noticed at once: a lone hash key leads back to the identifier.

// maxCorrections is how often a call may go back to the identifier (docs/policy.md#which-accounts-exist).
const maxCorrections = 3

// concealment is what a concealing call keeps to itself. The zero value conceals nothing.
type concealment struct {
	// on: an identifier was keyed, and nothing is proven yet.
	on bool
	// at is the step that asked for the identifier.
	at string
	// locked: the customer is.
	locked bool
	// wrong counts wrong answers by method, over all corrections.
	wrong       map[event.Method]int
	corrections int
}

// Decoy says why no answer can be right, although the question is asked: not_found, locked or not_enrolled. It is empty
// for a question that counts.
func (s *Session) Decoy(by event.Method) event.Reason {
	switch {
	case !s.concealed.on:
		return ""
	case s.customer == nil:
		return event.ReasonNotFound
	case s.concealed.locked:
		return event.ReasonLocked
	case by != event.MethodSMSCode && !s.customer.Has(string(by)): // a telephone on file is no secret
		return event.ReasonNotEnrolled
	}
	return ""
}

// WrongAnswers is how many answers by a method were wrong before the caller went back to the identifier.
func (s *Session) WrongAnswers(by event.Method) int { return s.concealed.wrong[by] }

// MayCorrect says whether the caller may go back to the identifier.
func (s *Session) MayCorrect() bool {
	return s.concealed.on && s.concealed.corrections < maxCorrections
}

// conceal begins or ends concealing after a step.
func (s *Session) conceal(step string, out Outcome) {
	switch c := &s.concealed; {
	case out.Conceals:
		c.on, c.at, c.locked = true, step, false
		s.discard = false // what is keyed ahead answers the question, whoever it is
	case len(s.proofs) > 0:
		c.on = false
	}
}

// judgeDecoy takes an attempt of a caller whose answer is wrong in any case. It counts for the caller alone, and check
// takes the time that it always takes.
func (s *Session) judgeDecoy(
	ctx context.Context, by event.Method, check func(context.Context) (Answered, error),
) (Answered, error) {
	s.unchecked = true
	a := s.attempt()
	a.Customer, a.Method = "", by
	if standing := s.guard.Try(ctx, a); standing.Locked {
		s.events.record(lockedNow(event.LockOnCaller, "", standing, false))
		return TurnedAway, nil
	}
	answered, err := check(ctx)
	counting := context.WithoutCancel(ctx)
	if answered == Unchecked && err != nil {
		s.guard.GiveBack(counting, a)
		return Unchecked, err
	}
	s.countWrong(by)
	s.guard.Wrong(counting, a)
	return Wrong, err
}

// countWrong counts a wrong answer of this call.
func (s *Session) countWrong(by event.Method) {
	s.guessed = true
	if !s.concealed.on {
		return
	}
	if s.concealed.wrong == nil {
		s.concealed.wrong = map[event.Method]int{}
	}
	s.concealed.wrong[by]++
}

// prove asks the line's questions, and for the identifier again as often as the caller wants to correct it.
func (w *walk) prove(ctx context.Context) {
	s := w.s
	for {
		w.why, w.at = event.ReasonNotEnrolled, "" // failed identifiers do not matter any more
		w.correct, w.locked = false, false
		w.verify(ctx)
		if !w.correct {
			break
		}
		s.concealed.on = false
		s.concealed.corrections++
		s.customer, s.methods = nil, nil
		w.asked--
		if !w.askWho(ctx) || !s.named() {
			return
		}
	}
	w.tellTheAgent()
}

// tellTheAgent gives the reason that the caller did not hear.
func (w *walk) tellTheAgent() {
	s := w.s
	switch w.why {
	case event.ReasonTooLong, event.ReasonUnavailable, event.ReasonVelocity:
		return
	}
	switch {
	case w.gone != nil || !s.concealed.on:
	case w.locked && s.customer != nil:
		w.why = event.ReasonLocked
	case s.customer == nil && w.why != event.ReasonOptedOut:
		w.why, w.at = event.ReasonNotFound, s.concealed.at
	}
}

// named says that the line's questions are asked: the caller is identified, or must not learn that they are not.
func (s *Session) named() bool { return s.customer != nil || s.concealed.on }
