package session

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"countersign/session/event"
)

// walk takes a call through a line: what was proven before, identification, verification. It ends with the reason and
// the step, or with the caller gone.
type walk struct {
	r        *Runner
	s        *Session
	log      *slog.Logger
	required Level

	// outage: a customer identified earlier could not be looked up, so no question can be asked.
	outage bool

	// asked is how many of the line's identifiers were asked for.
	asked int
	// person: the caller asked for one.
	person bool
	// locked: the customer was locked before the first question.
	locked bool
	// menu: the language menu was played.
	menu bool
	// correct: the caller wants to give the last of them again.
	correct bool

	why  event.Reason
	at   string
	gone error
}

func (w *walk) run(ctx context.Context) {
	line, s := w.s.line, w.s
	w.takeOverKnown(ctx)
	w.r.recallHabit(ctx, w.s)
	stepUp := s.call.NeedLevel > Unknown
	if stepUp {
		s.events.record(event.StepUpRequested{Level: int(s.call.NeedLevel), Has: int(s.Level())})
	}
	if w.outage && s.Level() < w.required || stepUp && s.call.Earlier != "" && s.earlier.Call == "" {
		w.why = event.ReasonUnavailable
		return
	}
	fresh := s.customer == nil
	if s.earlier.Call == "" && !stepUp && line.Hours != nil && !line.Hours.Open(w.r.now()) {
		w.why = event.ReasonClosed
		return
	}
	if fresh && !w.passes(ctx, line.Greeting) {
		return
	}
	if w.callerLocked(ctx) {
		if fresh { // the apparent customer helps the agent
			w.passes(ctx, line.ANI)
		}
		w.why, w.at = event.ReasonVelocity, ""
		return
	}
	if fresh && !w.identify(ctx) || !s.named() {
		return
	}
	w.prove(ctx)
	if w.mayBeAnother() {
		w.identifyAnother(ctx)
	}
}

// callerLocked says whether the caller's number is locked, so that nothing is asked.
func (w *walk) callerLocked(ctx context.Context) bool {
	number := w.s.counted()
	if number == "" || w.s.Level() >= w.required {
		return false
	}
	standing := w.s.guard.Caller(ctx, number)
	if !standing.Locked {
		w.s.lately = standing.Known && w.s.Number() != ""
		return false
	}
	customer, _ := w.s.Customer()
	w.s.events.record(lockedNow(event.LockOnCaller, customer.ID, standing, false))
	return true
}

// anonymousLocked says whether the line's anonymous callers have failed too often together, so that this one is asked
// nothing.
func (w *walk) anonymousLocked(ctx context.Context) bool {
	if !w.s.anonymous() || len(w.s.line.Verify) == 0 {
		return false
	}
	standing := w.s.guard.Anonymous(ctx, w.s.line.Name)
	if standing.Locked {
		w.s.events.record(lockedNow(event.LockOnCaller, "", standing, false))
		w.why, w.at = event.ReasonVelocity, ""
	}
	return standing.Locked
}

// identify tries the caller's number, then the line's identifiers.
func (w *walk) identify(ctx context.Context) (goOn bool) {
	line := w.s.line
	if !w.passes(ctx, line.ANI) {
		return false
	}
	return w.s.customer != nil || w.askWho(ctx)
}

// askWho asks for the line's identifiers that were not asked for yet.
func (w *walk) askWho(ctx context.Context) (goOn bool) {
	if w.anonymousLocked(ctx) {
		return false
	}
	if !w.menu && !w.passes(ctx, w.s.line.LanguageMenu) {
		return false
	}
	w.menu = true
	for w.asked < len(w.s.line.Identify) && !w.s.named() {
		step := w.s.line.Identify[w.asked]
		w.asked++
		if out, ok := w.try(ctx, step); !ok || out.Last {
			return false
		}
	}
	return true
}

// verify asks the questions that are still needed.
func (w *walk) verify(ctx context.Context) {
	s := w.s
	if s.Level() >= w.required {
		return
	}
	if s.customer != nil && w.customerLocked(ctx) {
		w.why = event.ReasonLocked
		return
	}
	if s.call.NeedLevel > Unknown && !w.passes(ctx, s.line.StepUp) {
		return
	}
	for _, q := range s.line.Verify {
		if !w.ask(ctx, &q) {
			return
		}
	}
}

// customerLocked says whether the customer is locked, so that nothing is asked.
func (w *walk) customerLocked(ctx context.Context) bool {
	s := w.s
	standing := s.guard.Customer(ctx, s.customer.ID)
	if standing.Locked {
		s.events.record(lockedNow(event.LockOnCustomer, s.customer.ID, standing, false))
		w.locked, s.concealed.locked = true, s.concealed.on
		return !s.concealed.on
	}
	return standing.Suggested && s.suggested()
}

// ask asks one question, and its Else if it is not answered right. A question that the customer is not enrolled for is
// skipped.
func (w *walk) ask(ctx context.Context, q *Question) (goOn bool) {
	failed, why, at := false, w.why, w.at
	for ; q != nil; q = q.Else {
		if !q.helps(w.s.factors(), w.required) {
			continue
		}
		w.s.secret = true
		out, ok := w.try(ctx, q.Step)
		w.person = w.person || out.Last
		w.s.secret = false
		switch {
		case w.gone != nil, w.correct, out.Last, w.why == event.ReasonTooLong, w.why == event.ReasonVelocity,
			w.why == event.ReasonLocked && !w.s.concealed.on:
			return false
		case out.Result == event.StepPassed && ok:
			return true
		case out.Result == event.StepSkipped && ok:
		default:
			failed, why, at = true, w.why, w.at
			w.s.queued = w.s.queued[:0]
		}
	}
	if failed { // and its Else could not be asked
		w.why, w.at = why, at
	}
	return !failed
}

// passes runs a step if there is one, and says whether to go on.
func (w *walk) passes(ctx context.Context, step Step) (goOn bool) {
	if step == nil {
		return true
	}
	out, ok := w.try(ctx, step)
	return ok && !out.Last
}

// try runs a step. ok is false if it failed with an error or the caller is gone.
func (w *walk) try(ctx context.Context, step Step) (out Outcome, ok bool) {
	out, err := w.r.step(ctx, w.s, step, w.log)
	switch {
	case err != nil && isGone(err):
		w.gone, w.at = err, step.Name()
		return out, false
	case errors.Is(err, ErrTooLong), errors.Is(err, ErrTooManyActions):
		w.why, w.at = event.ReasonTooLong, step.Name()
		return out, false
	case err != nil:
		w.why, w.at = event.ReasonUnavailable, step.Name()
		return out, false
	}
	w.correct = out.Correct
	if out.Reason != "" {
		w.why, w.at = out.Reason, step.Name()
	}
	return out, true
}

// recall finds the earlier result of a call that comes back. It counts only if FreeSWITCH's own id of the call is the
// same.
func (r *Runner) recall(ctx context.Context, call Call) Known {
	if r.calls == nil || call.Earlier == "" {
		return Known{}
	}
	ctx, cancel := context.WithTimeout(ctx, r.stateTimeout)
	defer cancel()
	k, ok, err := r.calls.Recall(ctx, call.Earlier)
	if err != nil {
		r.log.Warn("earlier result unavailable, the caller is asked again", "call", call.ID, "err", err)
	}
	if err != nil || !ok || k.Channel != call.Channel {
		return Known{}
	}
	return k
}

// first is the call's first id with us.
func (s *Session) first() string { return cmp.Or(s.earlier.First, s.call.ID) }

// takeOverKnown takes over what was proven: earlier on this same call, or in another channel by a token.
func (w *walk) takeOverKnown(ctx context.Context) {
	s := w.s
	w.takeOver(ctx, s.earlier.Proven, "")
	if w.r.tokens == nil || s.call.Token.Len() == 0 || s.customer != nil {
		return
	}
	redeeming, cancel := context.WithTimeout(ctx, w.r.stateTimeout)
	defer cancel()
	p, err := w.r.tokens.Redeem(redeeming, s.call.Token, s.line.Name)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		s.events.record(event.TokenRefused{Reason: refused.Reason})
		return
	case err != nil:
		w.log.Warn("a token could not be redeemed, the caller is asked", "err", err)
		s.events.record(event.TokenRefused{Reason: event.RefusedUnavailable})
		return
	}
	end := w.r.now().Add(tokenLife)
	for i := range p.Proofs {
		if p.Proofs[i].Until.IsZero() || p.Proofs[i].Until.After(end) {
			p.Proofs[i].Until = end
		}
	}
	if !w.takeOver(ctx, p, event.MethodToken) {
		s.events.record(event.TokenRefused{Reason: event.RefusedUnknown})
	}
}

// customerTimeout bounds the customer look-up of a call that comes back or brings a token.
const customerTimeout = 3 * time.Second

// takeOver takes over a customer and their proofs, if that customer still exists.
func (w *walk) takeOver(ctx context.Context, p Proven, by event.Method) bool {
	if p.Customer == "" {
		return false
	}
	s := w.s
	asking, cancel := context.WithTimeout(ctx, customerTimeout)
	defer cancel()
	c, found, err := w.r.customer(asking, p.Customer)
	switch {
	case err != nil: // an outage does not revoke what was proven
		w.log.Error("a customer who was identified earlier cannot be looked up", "customer", p.Customer, "err", err)
		c, w.outage = Customer{ID: p.Customer}, true
	case !found:
		w.log.Warn("a customer who was identified earlier does not exist any more", "customer", p.Customer)
		return false
	}
	s.customer = &c
	expired := map[event.Method]bool{}
	for _, proof := range p.Proofs {
		if proof.counts(s.now()) {
			s.proofs = append(s.proofs, proof)
		} else {
			expired[proof.Method] = true
		}
	}
	for _, m := range p.Methods {
		if !expired[m] {
			s.methods = append(s.methods, m)
		}
	}
	if by != "" {
		s.methods = append(s.methods, by)
	} else {
		by = identifiedBy(p.Methods)
	}
	s.prefer(p.Language)
	s.chosen = s.chosen || p.Language != ""
	s.prefer(c.Language)
	level := s.Level()
	s.events.record(event.Identified{
		Customer: c.ID, Name: c.Name, Method: by, Status: level.Status(), Level: int(level),
		PopURL:    s.line.popURL(s.call.ID, c.ID, level.Status()),
		Continues: s.earlier.First,
	})
	return true
}
