package steps

import (
	"context"

	"countersign/session"
	"countersign/session/event"
	"countersign/spoken"
)

// keyed asks for a numeric secret on file: a PIN, a date, a fact.
type keyed struct {
	directory     Directory
	kind          event.Method
	prompt, again string
	min, max      int
	limits        Limits
	// read converts the digits to the form on file; ok is false if they cannot be an answer. nil takes them as they are.
	read func(s *session.Session, digits session.Secret) (answer session.Secret, ok bool)
	// speech lets the caller say it; hear reads what was said in the form on file, nil as digits.
	speech Speech
	hear   func(language string, words []byte) []spoken.Reading
}

func (k keyed) run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	if !holds(s, k.kind) && s.Decoy(k.kind) == "" {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	check := func(ctx context.Context, answer session.Secret) (attempt, error) {
		return judgeSecret(ctx, s, k.kind, func(ctx context.Context) (bool, error) {
			return k.directory.Check(ctx, whose(s, k.kind), string(k.kind), answer)
		})
	}
	q := question{
		prompt: k.prompt, again: k.again, min: k.min, max: k.max, limits: k.limits, by: k.kind,
		judge: func(ctx context.Context, digits session.Secret) (attempt, error) {
			if k.read == nil {
				return check(ctx, digits)
			}
			answer, ok := k.read(s, digits)
			defer answer.Wipe()
			if !ok {
				return noMatch, nil
			}
			return check(ctx, answer)
		},
	}
	if k.speech.Engine != "" {
		q.say = &saying{Speech: k.speech, purpose: digitsOf(k.min, k.max), read: k.hear, judge: oneReading(check)}
		if k.hear == nil {
			q.say.read = func(language string, words []byte) []spoken.Reading {
				return spoken.Digits(language, words, k.min, k.max)
			}
		} else {
			q.say.purpose = "date"
		}
	}
	out, err := q.ask(ctx, s, event.ReasonWrongAnswer)
	return decoyed(s, k.kind, out), err
}
