package steps

import (
	"cmp"
	"context"

	"countersign/session"
)

// Greeting opens the call, or a step-up. It only queues its prompt: the caller hears it before the first question or
// during a slow look-up, and may interrupt it with the first digit.
type Greeting struct {
	Prompt string
	// Step is the step's name; default "greeting".
	Step string
}

// Name implements session.Step.
func (g Greeting) Name() string { return cmp.Or(g.Step, "greeting") }

// Run implements session.Step.
func (g Greeting) Run(_ context.Context, s *session.Session) (session.Outcome, error) {
	s.Say(g.Prompt)
	return session.Passed(), nil
}

// Announcement plays one prompt to its end: the confirmation, or the failure, whose words do not depend on the reason.
type Announcement struct{ Step, Prompt string }

// Name implements session.Step.
func (a Announcement) Name() string { return a.Step }

// Run implements session.Step.
func (a Announcement) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	return session.Passed(), s.Play(ctx, a.Prompt)
}

// Confirmation tells the caller that they are verified, by name if the line wants it. The name is never spoken before.
type Confirmation struct {
	Prompt string
	// ByName thanks the caller by name first, if a voice is available.
	ByName bool
}

// Name implements session.Step.
func (Confirmation) Name() string { return "confirmation" }

// Run implements session.Step.
func (c Confirmation) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	if customer, ok := s.Customer(); ok && c.ByName && customer.Name != "" {
		s.Say("confirmation-name")
		defer s.Speak(ctx, customer.Name)()
	}
	return session.Passed(), s.Play(ctx, c.Prompt)
}
