package steps

import (
	"context"

	"countersign/session"
	"countersign/session/event"
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
}

func (k keyed) run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	if !holds(s, k.kind) && s.Decoy(k.kind) == "" {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	out, err := question{
		prompt: k.prompt, again: k.again, min: k.min, max: k.max, limits: k.limits, by: k.kind,
		judge: func(ctx context.Context, digits session.Secret) (attempt, error) {
			answer, ok := digits, true
			if k.read != nil {
				answer, ok = k.read(s, digits)
				defer answer.Wipe()
			}
			if !ok {
				return noMatch, nil
			}
			return judgeSecret(ctx, s, k.kind, func(ctx context.Context) (bool, error) {
				return k.directory.Check(ctx, whose(s, k.kind), string(k.kind), answer)
			})
		},
	}.ask(ctx, s, event.ReasonWrongAnswer)
	return decoyed(s, k.kind, out), err
}
