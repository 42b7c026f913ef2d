package steps

import (
	"context"
	"errors"
	"slices"

	"countersign/session"
	"countersign/session/event"
)

// RememberNumber offers a verified caller to put their number on file, so that it identifies them next time. It never
// verifies.
type RememberNumber struct {
	Directory Directory
	Limits    Limits
}

// Name implements session.Step.
func (RememberNumber) Name() string { return "remember_number" }

// PossibleKeys implements Selective.
func (RememberNumber) PossibleKeys(string) string { return string(rune(yes)) }

// Run implements session.Step. It asks once; silence means no.
func (r RememberNumber) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	customer, identified := s.Customer()
	number := s.Number()
	if s.CallerNumber().Other != "" {
		number = "" // it can be somebody else's
	}
	if !identified || number == "" {
		return session.Skipped(event.ReasonNoNumber), nil
	}
	known, err := lookUp(ctx, s, func(ctx context.Context) ([]session.Phone, error) {
		return r.Directory.Phones(ctx, customer.ID)
	})
	if err != nil {
		return session.Outcome{}, err
	}
	if slices.ContainsFunc(known, func(p session.Phone) bool { return p.E164 == number }) {
		return session.Skipped(""), nil
	}
	s.LookedUp(s.CallerNumber())
	started := s.Now()
	key, _, err := oneKey{say: func() { s.Say("remember-number") }, limits: r.Limits}.ask(ctx, s)
	if err != nil {
		return session.Outcome{}, err
	}
	if key != yes {
		s.Attempted(event.AttemptOptedOut, started)
		return session.Outcome{Result: event.StepOptedOut}, nil
	}
	s.Attempted(event.AttemptAccepted, started)
	_, err = lookUp(ctx, s, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, r.Directory.AddPhone(ctx, customer.ID, number)
	})
	switch {
	case errors.Is(err, errors.ErrUnsupported): // the company's backend takes no numbers from us
		return session.Skipped(""), nil
	case err != nil:
		return session.Outcome{}, err
	}
	s.Say("number-remembered")
	return session.Passed(), nil
}
