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
func (PIN) Name() string { return "pin" }

// Run implements session.Step. A customer without a PIN is not asked for one: they go to a person.
func (p PIN) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	customer, identified := s.Customer()
	if !identified || !customer.HasPIN {
		return session.Skipped(event.ReasonNotEnrolled), nil
	}
	return question{
		prompt: p.Prompt, again: p.Again, min: p.Min, max: p.Max, limits: p.Limits,
		judge: func(ctx context.Context, pin session.Secret) (verdict, error) {
			ok, err := p.Directory.CheckPIN(ctx, customer.ID, pin)
			switch {
			case err != nil:
				return verdict{}, err
			case !ok:
				return rejected, nil
			}
			return accepted(session.Proved(session.Knowledge, event.MethodPIN)), nil
		},
	}.ask(ctx, s, event.ReasonWrongAnswer)
}
