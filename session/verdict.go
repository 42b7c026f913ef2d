package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"

	"countersign/session/event"
)

// verdict is the result of a call.
type verdict struct {
	level    Level
	required Level
	reason   event.Reason
	step     string // the step that failed, if one did
	gone     error  // why the call cannot be handed on: the caller or the line is gone
}

// status is capped by the line: one that asks for level 3 does not call level 2 verified.
func (v verdict) status() event.Status {
	if v.level >= Verified && v.level < v.required {
		return event.StatusIdentified
	}
	return v.level.Status()
}

// enough says whether the call reached the level it needs.
func (v verdict) enough(s *Session) bool { return v.level >= max(v.required, s.call.NeedLevel) }

// decide runs the line's steps until its level is reached or there is nothing left to try, and journals the verdict.
func (r *Runner) decide(ctx context.Context, s *Session, log *slog.Logger) verdict {
	v := verdict{required: s.line.Level}
	if v.required == Unknown {
		v.required = Verified
	}
	w := walk{r: r, s: s, log: log, required: max(v.required, s.call.NeedLevel), why: event.ReasonNotEnrolled}
	w.run(ctx)
	v.reason, v.step, v.gone = w.why, w.at, w.gone
	v.level = s.Level()
	if v.gone != nil {
		return v
	}
	customer, _ := s.Customer()
	pop := s.line.popURL(s.call.ID, customer.ID, v.status())
	switch {
	case v.reason == event.ReasonClosed: // not a failure
	case v.enough(s) && v.level < Verified: // a line that only identifies
		v.reason = event.ReasonOK
	case v.enough(s):
		v.reason = event.ReasonOK
		s.events.record(event.Verified{
			Customer: customer.ID, Name: customer.Name, Methods: s.methods, Status: v.status(), Level: int(v.level), PopURL: pop,
			Continues: s.earlier.First,
		})
		if s.provenHere { // proofs from elsewhere prove nothing about this telephone
			a := s.attempt()
			a.Anonymous = !s.known
			r.guard.Verified(ctx, a)
		}
	default:
		if s.customer != nil && !s.guessed && !s.sentCode() && freely[v.reason] {
			r.guard.NotGuessed(ctx, s.attempt())
		}
		s.events.record(event.Failed{
			Step: v.step, Reason: v.reason, Status: v.status(), Level: int(v.level), Customer: customer.ID, PopURL: pop,
			Continues: s.earlier.First,
		})
	}
	if v.reason != event.ReasonClosed {
		r.guard.Ended(s.line.Name, callersFailure[v.reason])
	}
	log.Info("call decided", "status", v.status(), "level", int(v.level), "reason", v.reason, "step", v.step)
	return v
}

// callersFailure lists the reasons that count for a line's alarm: those that an attacker causes.
var callersFailure = map[event.Reason]bool{
	event.ReasonNotFound: true, event.ReasonNoMatch: true, event.ReasonWrongAnswer: true, event.ReasonLocked: true,
	event.ReasonVelocity: true,
	event.ReasonVoid:     true, event.ReasonDenied: true,
}

// freely lists the reasons of callers who guess at nothing: they go to a person of their own accord, or through no
// fault of theirs.
var freely = map[event.Reason]bool{
	event.ReasonOptedOut: true, event.ReasonNotEnrolled: true, event.ReasonUnavailable: true,
}

// step runs one step, journals it, and takes over its outcome.
func (r *Runner) step(ctx context.Context, s *Session, step Step, log *slog.Logger) (out Outcome, err error) {
	started := r.now()
	s.attempts, s.number, s.said = nil, nil, false
	s.events.record(event.StepStarted{Step: step.Name()})
	out, err = runStep(ctx, s, step)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause // why the context ended, whatever error the step returned
	}
	if out.Result == "" {
		out.Result = event.StepPassed
	}
	switch {
	case err != nil && isGone(err):
		out = Outcome{Result: event.StepAbandoned, Reason: event.ReasonHungUp}
		if !isHangup(err) {
			out = Outcome{Result: event.StepError, Reason: event.ReasonUnavailable}
		}
	case errors.Is(err, ErrTooLong), errors.Is(err, ErrTooManyActions):
		out = Outcome{Result: event.StepFailed, Reason: event.ReasonTooLong}
	case err != nil:
		out = Outcome{Result: event.StepError, Reason: event.ReasonUnavailable}
		log.Error("step failed with an error", "step", step.Name(), "err", err)
	}
	s.events.record(event.StepFinished{
		Step: step.Name(), Result: out.Result, Reason: out.Reason, Milliseconds: r.now().Sub(started).Milliseconds(),
		Attempts: s.attempts, Number: s.number,
	})
	if err == nil {
		s.learn(out)
		s.conceal(step.Name(), out)
		s.known = s.known || out.Reason == event.ReasonSeveral && out.Candidates == nil // customers share the number
	}
	r.recallHabit(ctx, s)
	if failedStep(out, err, s.attempts) {
		if number := s.counted(); number != "" {
			r.guard.StepFailed(ctx, number)
		}
	}
	return out, err
}

// failedStep says whether a step counts against the caller's number: something that they gave was wrong. Neither
// hanging up nor going back to the identifier undoes it. An identifier that the caller must not learn about counts with
// the answer that follows.
func failedStep(out Outcome, err error, attempts []event.Attempt) bool {
	judgedWrong := func(a event.Attempt) bool { return a.Result == event.AttemptRejected }
	switch {
	case out.Conceals:
		return false
	case err != nil:
		return slices.ContainsFunc(attempts, judgedWrong)
	}
	switch out.Reason {
	case event.ReasonWrongAnswer, event.ReasonNotFound, event.ReasonDenied:
		return true
	case event.ReasonLocked, event.ReasonNotEnrolled, event.ReasonCorrected:
		return slices.ContainsFunc(attempts, judgedWrong)
	}
	return false
}

// runStep turns a panic in a step into an error, which sends only that call to an agent.
func runStep(ctx context.Context, s *Session, step Step) (out Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = Outcome{}, fmt.Errorf("panic in step %s: %v\n%s", step.Name(), p, debug.Stack())
		}
	}()
	return step.Run(ctx, s)
}

// learn takes over an outcome. A caller is identified and proofs are added here only (and in takeOver).
func (s *Session) learn(out Outcome) {
	if out.Candidates != nil {
		s.candidates = out.Candidates
	}
	if out.Result != event.StepPassed {
		return
	}
	if out.Customer != nil && s.customer == nil {
		s.customer = out.Customer
		if !out.Conceals { // a language would tell that the customer exists
			s.prefer(out.Customer.Language)
		}
		s.methods = append(s.methods, out.Method)
		level := s.Level()
		s.events.record(event.Identified{
			Customer: out.Customer.ID, Name: out.Customer.Name, Method: out.Method, Status: level.Status(), Level: int(level),
			PopURL: s.line.popURL(s.call.ID, out.Customer.ID, level.Status()), Continues: s.earlier.First,
		})
	}
	if out.Customer != nil && out.Method == event.MethodANI {
		s.known = true
	}
	about := s.customer
	if out.Customer != nil {
		about = out.Customer
	}
	// A proof counts only for its own customer, and each method once.
	if out.Factor != NoFactor && s.customer != nil && about.ID == s.customer.ID {
		p := Proof{Factor: out.Factor, Method: out.Method}
		if s.call.NeedLevel > Unknown {
			p.Until = s.now().Add(stepUpLife)
		}
		s.provenHere = true
		s.proofs = append(slices.DeleteFunc(s.proofs, func(q Proof) bool { return q.Method == p.Method }), p)
		if !slices.Contains(s.methods, out.Method) {
			s.methods = append(s.methods, out.Method)
		}
	}
}

func isHangup(err error) bool {
	var h *HangupError
	return errors.As(err, &h)
}

// isGone says that the call is not ours any more.
func isGone(err error) bool {
	return isHangup(err) || errors.Is(err, ErrLineLost) || errors.Is(err, ErrTakenAway) || errors.Is(err, ErrDraining)
}
