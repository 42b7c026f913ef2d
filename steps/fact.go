package steps

import (
	"context"

	"countersign/session"
	"countersign/session/event"
)

// Fact verifies by a numeric fact of the customer's record, such as a postcode: a weak factor, because others may know
// it.
type Fact struct {
	Directory Directory
	// Fact is the name of the fact and of the step.
	Fact string
	// Prompt asks for it, Again asks again.
	Prompt, Again string
	// Min and Max are its number of digits.
	Min, Max int
	Limits   Limits
	// Speech lets the caller say it.
	Speech Speech
}

// Name implements session.Step.
func (f Fact) Name() string { return f.Fact }

// Run implements session.Step. A customer without the fact is not asked.
func (f Fact) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	return keyed{
		directory: f.Directory, kind: event.Method(f.Fact), prompt: f.Prompt, again: f.Again,
		min: f.Min, max: f.Max, limits: f.Limits, speech: f.Speech,
	}.run(ctx, s)
}
