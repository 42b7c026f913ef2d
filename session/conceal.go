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

// Decoy says why no answer can be right, although the question is asked: not_found, locked, wrong_answer or
// not_enrolled. It is empty for a question that counts.
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
	case s.tries[by] > 0 && s.wrong[s.customer.ID][by] >= s.tries[by]: // before the caller named the customer themselves
		return event.ReasonWrongAnswer
	}
	return ""
}

// Tries begins a question that takes so many answers in a call, and says how many of them were wrong before.
func (s *Session) Tries(by event.Method, tries int) (wrong int) {
	if s.tries == nil {
		s.tries, s.wrong = map[event.Method]int{}, map[string]map[event.Method]int{}
	}
	s.tries[by] = tries
	if s.concealed.on || s.customer == nil {
		return s.concealed.wrong[by]
	}
	return s.wrong[s.customer.ID][by]
}

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
	case c.on && len(s.proofs) > 0:
		c.on = false
		s.prefer(s.customer.Language)
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
	standing, err := s.try(ctx, a)
	switch {
	case err != nil:
		return Unchecked, err
	case standing.Locked:
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

// countWrongOf counts a wrong answer about the customer.
func (s *Session) countWrongOf(by event.Method) {
	if s.tries[by] > 0 {
		if s.wrong[s.customer.ID] == nil {
			s.wrong[s.customer.ID] = map[event.Method]int{}
		}
		s.wrong[s.customer.ID][by]++
	}
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
