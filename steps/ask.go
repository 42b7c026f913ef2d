package steps

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// Limits bound a question (docs/policy.md#questions-and-timers).
type Limits struct {
	// Rejections is how many wrong answers end the step: 1 + the re-asks.
	Rejections int
	// NoInputs and NoMatches are how many silences and impossible entries end it, counted apart.
	NoInputs, NoMatches int
	// FirstDigit and InterDigit are the caller's timers, doubled after the first silence.
	FirstDigit, InterDigit time.Duration
	// OptOut is the key for "I don't have it".
	OptOut byte
}

// DefaultLimits are those of docs/policy.md#questions-and-timers, for an identifier that may be asked again reasks
// times.
func DefaultLimits(reasks int) Limits {
	return Limits{
		Rejections: 1 + reasks, NoInputs: 3, NoMatches: 3,
		FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second, OptOut: '*',
	}
}

// slowFactor lengthens the timers after a silence (docs/policy.md#slow-mode).
const slowFactor = 2

// question asks for digits until an answer is right or a limit is reached. Every step that asks for digits uses it.
type question struct {
	// prompt asks the first time, again all other times, after a prompt that says what went wrong.
	prompt, again string
	// hint follows prompt; empty for none.
	hint     string
	min, max int
	limits   Limits
	// noInput and wrong are the prompts after a silence and a wrong answer; default "no-input" and "not-right".
	noInput, wrong string
	// say is how to answer by voice; nil takes keys alone.
	say *saying
	// by is the method whose secret is asked for, if a lone hash key may lead back to the identifier.
	by event.Method
	// evenPace keeps the timers unchanged after a silence.
	evenPace bool
	// listen, if set, asks in place of Session.Ask.
	listen func(ctx context.Context, s *session.Session, a session.Ask) (session.Entry, error)
	// judge checks an entry. It must not keep the digits: they are wiped when it returns.
	judge func(ctx context.Context, digits session.Secret) (attempt, error)
}

// attempt is the result of one attempt.
type attempt struct {
	result event.AttemptResult // accepted, rejected or no_match
	// outcome is the step's, if the entry was accepted or ended is set.
	outcome session.Outcome
	// ended ends the step, whatever the limits.
	ended bool
	// misheard says that it was spoken and not understood; that counts apart. doubtful says that it can be understood in
	// several ways.
	misheard, doubtful bool
	// prompts replace the usual ones before the next attempt.
	prompts []string
}

// served says that the caller asked for something instead of answering, and got it. Earlier silences do not count any
// more.
func served(prompts ...string) attempt {
	return attempt{result: event.AttemptServed, prompts: prompts}
}

func accepted(o session.Outcome) attempt {
	return attempt{result: event.AttemptAccepted, outcome: o}
}

// over ends the step.
func over(o session.Outcome) attempt {
	return attempt{result: event.AttemptRejected, outcome: o, ended: true}
}

var (
	rejected = attempt{result: event.AttemptRejected}
	noMatch  = attempt{result: event.AttemptNoMatch}
	noInput  = attempt{result: event.AttemptNoInput}
	optedOut = attempt{result: event.AttemptOptedOut}
	// corrected: the hash key alone leads back to the identifier.
	corrected = attempt{result: event.AttemptServed, outcome: session.Corrected(), ended: true}
)

func (q question) ask(ctx context.Context, s *session.Session, wrong event.Reason) (session.Outcome, error) {
	count := map[event.AttemptResult]int{}
	if q.by != "" {
		count[event.AttemptRejected] = s.Tries(q.by, q.limits.Rejections)
	}
	prompts := []string{q.prompt}
	if reason, ended := q.ended(count, wrong); ended {
		return session.Failed(reason), nil
	}
	if q.hint != "" {
		prompts = append(prompts, q.hint)
	}
	t := talk{hint: true}
	for {
		t.slow = t.slow || count[event.AttemptNoInput] > 0
		got, err := q.once(ctx, s, prompts, &t)
		if err != nil {
			return session.Outcome{}, err
		}
		switch {
		case got.result == event.AttemptAccepted, got.ended:
			return got.outcome, nil
		case got.result == event.AttemptOptedOut:
			return session.Declined(), nil
		}
		if got.result == event.AttemptServed {
			count[event.AttemptNoInput] = 0
		}
		if !got.misheard {
			count[got.result]++
		}
		if reason, ended := q.ended(count, wrong); ended {
			return session.Failed(reason), nil
		}
		if prompts = got.prompts; prompts == nil {
			prompts = []string{q.wentWrong(got.result, count[got.result])}
			if got.result == event.AttemptRejected && q.by != "" && s.MayCorrect() {
				prompts = append(prompts, "correct-identifier")
			}
			prompts = append(prompts, q.again)
		}
	}
}

// once asks, checks and records one attempt.
func (q question) once(
	ctx context.Context, s *session.Session, prompts []string, t *talk,
) (got attempt, err error) {
	started := s.Now()
	defer func() { attempted(ctx, s, started, got, err) }()
	a := session.Ask{
		Prompts: prompts, Min: q.min, Max: q.max, FirstDigit: q.limits.FirstDigit, InterDigit: q.limits.InterDigit,
		OptOut: q.limits.OptOut, Speech: q.listens(s, t),
	}
	if a.Speech != nil && t.hint {
		a.Speech.Hint = "or-say-it"
	}
	t.hint = false
	if t.slow && !q.evenPace {
		a.FirstDigit *= slowFactor
		a.InterDigit *= slowFactor
	}
	listen := s.Ask
	if q.listen != nil {
		listen = func(ctx context.Context, a session.Ask) (session.Entry, error) { return q.listen(ctx, s, a) }
	}
	entry, err := listen(ctx, a)
	defer entry.Wipe()
	if err != nil {
		return attempt{}, err
	}
	t.keysOnly = t.keysOnly || entry.Deaf
	if entry.Spoken {
		return q.said(ctx, s, entry, t)
	}
	switch entry.Class {
	case session.NoInput:
		return noInput, nil
	case session.NoMatch:
		if lone := entry.Terminated && entry.Keyed == 0; lone && q.by != "" && s.MayCorrect() {
			s.Discard() // what follows in one go may be the secret
			return corrected, nil
		}
		return noMatch, nil
	case session.OptedOut:
		return optedOut, nil
	}
	return q.judge(ctx, entry.Digits)
}

// listens is what to listen for; nil if the caller keys.
func (q question) listens(s *session.Session, t *talk) *session.Speech {
	if q.say == nil || t.keysOnly {
		return nil
	}
	l := q.say.listen(q.say.purpose, s.Language())
	if l != nil && l.Kind == session.ExpectDigits {
		l.Min, l.Max = q.min, q.max
	}
	return l
}

// attempted records one attempt.
func attempted(ctx context.Context, s *session.Session, started time.Time, got attempt, err error) {
	switch {
	case err != nil && got.result != "": // judged, and the caller is gone
		s.Attempted(got.result, started)
	case err != nil && ctx.Err() != nil:
		s.Attempted(event.AttemptAbandoned, started)
	case err != nil:
		s.Attempted(event.AttemptError, started)
	default:
		s.Attempted(got.result, started)
	}
}

// ended says whether a limit is reached, and the reason.
func (q question) ended(count map[event.AttemptResult]int, wrong event.Reason) (event.Reason, bool) {
	switch {
	case count[event.AttemptRejected] >= q.limits.Rejections:
		return wrong, true
	case count[event.AttemptNoInput] >= q.limits.NoInputs:
		return event.ReasonNoInput, true
	case count[event.AttemptNoMatch] >= q.limits.NoMatches:
		return event.ReasonNoMatch, true
	}
	return "", false
}

// wentWrong is the prompt that explains why the caller is asked again; the second time it is more detailed.
func (q question) wentWrong(r event.AttemptResult, times int) string {
	name := map[event.AttemptResult]string{
		event.AttemptNoInput: cmp.Or(q.noInput, "no-input"), event.AttemptNoMatch: "no-match",
		event.AttemptRejected: cmp.Or(q.wrong, "not-right"),
	}[r]
	return fmt.Sprintf("%s-%d", name, min(times, 2))
}
