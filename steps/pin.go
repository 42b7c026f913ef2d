package steps

import (
	"context"

	"countersign/session"
	"countersign/session/event"
)

// PIN verifies by the customer's PIN: a knowledge factor.
type PIN struct {
	Directory Directory
	// Prompt asks for it, Again asks once more.
	Prompt, Again string
	// Min and Max are its number of digits.
	Min, Max int
	Limits   Limits
}

// Name implements session.Step.
func (PIN) Name() string { return string(event.MethodPIN) }

// Run implements session.Step. A customer without a PIN is not asked for one.
func (p PIN) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	return keyed{
		directory: p.Directory, kind: event.MethodPIN, factor: session.Knowledge, prompt: p.Prompt, again: p.Again, min: p.Min, max: p.Max, limits: p.Limits,
	}.run(ctx, s)
}

// keyed is a secret on file that is keyed as it is.
type keyed struct {
	directory     Directory
	kind          event.Method
	factor        session.Factor
	prompt, again string
	min, max      int
	limits        Limits
	// read makes of the digits what is on file; ok is false if they cannot be an answer. nil takes them as they are.
	read func(s *session.Session, digits session.Secret) (answer session.Secret, ok bool)
}

func (k keyed) run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	customer, identified := s.Customer()
	if !identified || !customer.Has(string(k.kind)) {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	return question{
		prompt: k.prompt, again: k.again, min: k.min, max: k.max, limits: k.limits,
		judge: func(ctx context.Context, digits session.Secret) (verdict, error) {
			answer, ok := digits, true
			if k.read != nil {
				answer, ok = k.read(s, digits)
				defer answer.Wipe()
			}
			if !ok {
				return noMatch, nil
			}
			return judgeSecret(ctx, s, k.factor, k.kind, func(ctx context.Context) (bool, error) {
				return k.directory.Check(ctx, customer.ID, string(k.kind), answer)
			})
		},
	}.ask(ctx, s, event.ReasonWrongAnswer)
}
