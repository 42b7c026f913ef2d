package steps

import (
	"cmp"
	"context"

	"countersign/session"
)

// Greeting opens the call, or a step-up. It only queues its prompt: the caller hears it in front of the first question
// and may interrupt it with the first digit, or while a slow look-up runs.
type Greeting struct {
	Prompt string
	// Step is the step's name; empty is "greeting".
	Step string
}

// Name implements session.Step.
func (g Greeting) Name() string { return cmp.Or(g.Step, "greeting") }

// Run implements session.Step.
func (g Greeting) Run(_ context.Context, s *session.Session) (session.Outcome, error) {
	s.Say(g.Prompt)
	return session.Passed(), nil
}

// Announcement says one thing to its end: the confirmation, or the failure, which has the same words whatever failed.
type Announcement struct{ Step, Prompt string }

// Name implements session.Step.
func (a Announcement) Name() string { return a.Step }

// Run implements session.Step.
func (a Announcement) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	return session.Passed(), s.Play(ctx, a.Prompt)
}

// Confirmation tells the caller that they are verified, by name if the line wants it: only then, and never before.
type Confirmation struct {
	Prompt string
	// ByName thanks the caller by name first, if a voice can say it.
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
