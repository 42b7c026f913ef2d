package steps

import (
	"context"

	"countersign/session"
	"countersign/session/event"
)

// Fact verifies by a numeric fact of the customer's record, such as a post code: a weak factor, because others may know
// it.
type Fact struct {
	Directory Directory
	// Fact is its name in the directory and the step's.
	Fact string
	// Prompt asks for it, Again asks once more.
	Prompt, Again string
	// Min and Max are its number of digits.
	Min, Max int
	Limits   Limits
}

// Name implements session.Step.
func (f Fact) Name() string { return f.Fact }

// Run implements session.Step. A customer whose record does not have it is not asked.
func (f Fact) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	return keyed{
		directory: f.Directory, kind: event.Method(f.Fact), prompt: f.Prompt, again: f.Again,
		min: f.Min, max: f.Max, limits: f.Limits,
	}.run(ctx, s)
}
