package steps

import (
	"context"

	"countersign/session"
	"countersign/session/event"
)

// PIN verifies by the customer's PIN: a knowledge factor.
type PIN struct {
	Directory Directory
	// Prompt asks for it, Again asks again.
	Prompt, Again string
	// Min and Max are its number of digits.
	Min, Max int
	Limits   Limits
	// Speech lets the caller say it.
	Speech Speech
}

// Name implements session.Step.
func (PIN) Name() string { return string(event.MethodPIN) }

// Run implements session.Step. A customer without a PIN is not asked for one.
func (p PIN) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	return keyed{
		directory: p.Directory, kind: event.MethodPIN, prompt: p.Prompt, again: p.Again,
		min: p.Min, max: p.Max, limits: p.Limits, speech: p.Speech,
	}.run(ctx, s)
}
