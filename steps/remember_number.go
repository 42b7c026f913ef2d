package steps

import (
	"context"
	"errors"
	"slices"

	"countersign/session"
	"countersign/session/event"
)

// RememberNumber offers a caller who has just been verified to be recognised by this telephone next time. The number will only ever identify.
type RememberNumber struct {
	Directory Directory
	Limits    Limits
}

// Name implements session.Step.
func (RememberNumber) Name() string { return "remember_number" }

// Run implements session.Step. It asks once; silence is a no.
func (r RememberNumber) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	customer, identified := s.Customer()
	number := s.Number()
	if !identified || number == "" {
		return session.Skipped(event.ReasonNoNumber), nil
	}
	known, err := lookUp(ctx, s, func(ctx context.Context) ([]session.Phone, error) { return r.Directory.Phones(ctx, customer.ID) })
	if err != nil {
		return session.Outcome{}, err
	}
	if slices.ContainsFunc(known, func(p session.Phone) bool { return p.E164 == number }) {
		return session.Skipped(""), nil
	}
	started := s.Now()
	entry, err := s.Collect(ctx, session.Ask{
		Prompts: []string{"remember-number"}, Min: 1, Max: 1, FirstDigit: r.Limits.FirstDigit, InterDigit: r.Limits.InterDigit, OptOut: r.Limits.OptOut, Flush: true,
	})
	if err != nil {
		return session.Outcome{}, err
	}
	yes := entry.Class == session.Input && entry.Digits.Reveal()[0] == '1'
	entry.Digits.Wipe()
	if !yes {
		s.Attempted(event.AttemptOptedOut, started)
		return session.Outcome{Result: event.StepOptedOut}, nil
	}
	s.Attempted(event.AttemptAccepted, started)
	_, err = lookUp(ctx, s, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, r.Directory.AddPhone(ctx, customer.ID, number)
	})
	switch {
	case errors.Is(err, errors.ErrUnsupported): // the company's backend keeps no numbers for us
		return session.Skipped(""), nil
	case err != nil:
		return session.Outcome{}, err
	}
	s.Say("number-remembered")
	return session.Passed(), nil
}
