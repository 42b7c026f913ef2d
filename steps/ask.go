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
	// FirstDigit and InterDigit are the caller's timers. They are longer for slow callers.
	FirstDigit, InterDigit time.Duration
	// OptOut is the key for "I don't have it", 0 for none.
	OptOut byte
	Wishes
}

// DefaultLimits are those of docs/policy.md#questions-and-timers, for an identifier that may be asked again reasks
// times.
func DefaultLimits(reasks int) Limits {
	return Limits{
		Rejections: 1 + reasks, NoInputs: 3, NoMatches: 3,
		FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second, OptOut: '*', Wishes: DefaultWishes(),
	}
}

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
	// waits says that the caller waits for something before they can answer: a silence says nothing about their pace.
	waits bool
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
	// wish is what the caller asked for, if it was served. slower says that they need more time from now on.
	wish   event.Wish
	slower bool
}

// served says that the caller asked for something instead of answering, and got it.
func served(wish event.Wish, prompts ...string) attempt {
	return attempt{result: event.AttemptServed, wish: wish, prompts: prompts}
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
	corrected = attempt{
		result: event.AttemptServed, wish: event.WishIdentifier, outcome: session.Corrected(), ended: true,
	}
)

func (q question) ask(ctx context.Context, s *session.Session, wrong event.Reason) (session.Outcome, error) {
	count := map[event.AttemptResult]int{}
	if q.by != "" {
		count[event.AttemptRejected] = s.Tries(q.by, q.limits.Rejections)
	}
	prompts := q.asks()
	if reason, ended := q.ended(count, wrong); ended {
		return session.Failed(reason), nil
	}
	t := talk{quiet: s.Manner() == session.MannerKeyed, hint: s.Manner() == ""}
	for {
		got, err := q.once(ctx, s, prompts, &t)
		if err != nil {
			return session.Outcome{}, err
		}
		slower := got.slower && s.SlowDown()
		switch {
		case got.result == event.AttemptAccepted, got.ended:
			return got.outcome, nil
		case got.result == event.AttemptOptedOut:
			return session.Declined(), nil
		}
		if got.wish == event.WishCode || got.wish == event.WishNumber { // and now they wait anew
			count[event.AttemptNoInput] = 0
		}
		if !got.misheard {
			count[got.result]++
		}
		if reason, ended := q.ended(count, wrong); ended {
			return session.Failed(reason), nil
		}
		if prompts = got.prompts; prompts == nil {
			prompts = q.askAgain(s, got.result, count[got.result], slower)
		}
		if t.quiet && got.result == event.AttemptNoInput { // they key as a rule, and not this time
			t.quiet, t.hint = false, true
		}
	}
}

// askAgain are the prompts before another attempt, the times-th one that went wrong so. slower says that the caller has
// more time from now on; then they hear what else they can do.
func (q question) askAgain(s *session.Session, r event.AttemptResult, times int, slower bool) []string {
	prompts := []string{q.wentWrong(r, times)}
	if slower {
		prompts = append(prompts, "take-your-time")
	}
	if r == event.AttemptRejected && q.by != "" && s.MayCorrect() {
		prompts = append(prompts, "correct-identifier")
	}
	prompts = append(prompts, q.again)
	if slower {
		prompts = append(prompts, q.limits.hints(q.max)...)
	}
	return prompts
}

// once asks, checks and records one attempt.
func (q question) once(
	ctx context.Context, s *session.Session, prompts []string, t *talk,
) (got attempt, err error) {
	started := s.Now()
	defer func() { attempted(ctx, s, started, got, err) }()
	a := session.Ask{
		Prompts: prompts, Min: q.limits.least(q.min, q.max), Max: q.max,
		FirstDigit: q.limits.FirstDigit, InterDigit: q.limits.InterDigit, Waits: q.waits,
		OptOut: q.limits.star(), Speech: q.listens(s, t),
	}
	if a.Speech != nil && t.hint {
		a.Speech.Hint = q.say.orSayIt()
	}
	t.hint = false
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
	got, err = q.keyed(ctx, s, entry)
	cutOff := entry.Class != session.OptedOut && entry.Keyed > 0 && entry.Keyed < q.max && !entry.Terminated
	right := got.outcome.Result == event.StepPassed || got.outcome.Conceals // the caller must not hear a difference
	got.slower = got.slower || got.result == event.AttemptNoInput && !q.waits || cutOff && !right
	return got, err
}

// keyed judges what the caller keyed.
func (q question) keyed(ctx context.Context, s *session.Session, entry session.Entry) (attempt, error) {
	switch entry.Class {
	case session.NoInput:
		return noInput, nil
	case session.OptedOut:
		return q.starred(s, entry), nil
	case session.Input:
		if q.limits.repeats(entry, q.max) {
			return served(event.WishRepeat, q.asks()...), nil
		}
		if entry.Keyed >= q.min {
			return q.judge(ctx, entry.Digits)
		}
	}
	if lone := entry.Terminated && entry.Keyed == 0; lone && q.by != "" && s.MayCorrect() {
		s.Discard() // what follows in one go may be the secret
		return corrected, nil
	}
	return noMatch, nil
}

// starred is what the star key means: before any digit to hear it again, or "I don't have it"; behind one to key it anew,
// if the line wants that.
func (q question) starred(s *session.Session, entry session.Entry) attempt {
	switch {
	case entry.Keyed > 0 && q.limits.Clear == star:
		return served(event.WishClear, "start-again", q.again)
	case q.limits.OptOut == star:
		return optedOut
	case q.limits.repeatKey() == star:
		return served(event.WishRepeat, q.asks()...)
	}
	return noMatch
}

// asks are the prompts that ask the question.
func (q question) asks() []string {
	if q.hint == "" {
		return []string{q.prompt}
	}
	return []string{q.prompt, q.hint}
}

// listens is what to listen for; nil if the caller keys.
func (q question) listens(s *session.Session, t *talk) *session.Speech {
	if q.say == nil || t.keysOnly || t.quiet {
		return nil
	}
	l := q.say.listen(q.say.purpose, s.Language())
	if l != nil && (l.Kind == session.ExpectDigits || l.Kind == session.ExpectSpelling) {
		l.Min, l.Max = q.min, q.max
	}
	return l
}

// attempted records one attempt.
func attempted(ctx context.Context, s *session.Session, started time.Time, got attempt, err error) {
	s.Wished(got.wish)
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
