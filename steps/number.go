package steps

import (
	"context"

	"countersign/session"
	"countersign/session/event"
)

// Number identifies by a number that the caller keys: an account, customer or tracking number.
type Number struct {
	Directory Directory
	// Kind is the identifier's kind in the directory and the step's name: "account".
	Kind string
	// Prompt asks for it, Again asks once more.
	Prompt, Again string
	// Min and Max are its number of digits.
	Min, Max int
	// Check verifies its check digit before anything is looked up; nil means that it has none.
	Check  CheckDigit
	Limits Limits
}

// Name implements session.Step.
func (n Number) Name() string { return n.Kind }

// Run implements session.Step.
func (n Number) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	return question{
		prompt: n.Prompt, again: n.Again, min: n.Min, max: n.Max, limits: n.Limits,
		judge: func(ctx context.Context, digits session.Secret) (verdict, error) {
			value := string(digits.Reveal())
			if n.Check != nil && !n.Check(value) {
				return noMatch, nil
			}
			customer, found, err := n.Directory.ByIdentifier(ctx, n.Kind, value)
			if err != nil {
				return verdict{}, err
			}
			if !found {
				return rejected, nil
			}
			return accepted(session.IdentifiedAs(customer, event.Method(n.Kind))), nil
		},
	}.ask(ctx, s, event.ReasonNotFound)
}
