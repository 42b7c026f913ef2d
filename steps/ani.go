package steps

import (
	"context"

	"countersign/session"
	"countersign/session/event"
)

// ANI identifies by the caller's number. It does not look up a withheld, anonymous or invalid number, one that stands
// for none or can be two, nor one that the network says is not genuine; a number that several customers share
// identifies none of them. It plays nothing.
type ANI struct {
	Directory Directory
	// Attested requires STIR/SHAKEN attestation A.
	Attested bool
}

// Name implements session.Step.
func (ANI) Name() string { return "ani" }

// Run implements session.Step.
func (a ANI) Run(ctx context.Context, s *session.Session) (session.Outcome, error) {
	call := s.Call()
	switch {
	case call.Withheld:
		return session.Skipped(event.ReasonWithheld), nil
	case s.Hidden(): // a number that stands for none
		s.LookedUp(s.CallerNumber())
		return session.Skipped(event.ReasonWithheld), nil
	case call.Trust == session.TrustFailed, a.Attested && call.Trust != session.TrustFull:
		return session.Skipped(event.ReasonUntrusted), nil
	}
	s.LookedUp(s.CallerNumber())
	number := s.Number()
	if number == "" {
		return session.Skipped(event.ReasonNoNumber), nil
	}
	found, err := lookUp(ctx, s, func(ctx context.Context) ([]session.Customer, error) {
		return a.Directory.ByPhone(ctx, number)
	})
	if err != nil {
		return session.Outcome{}, err
	}
	switch len(found) {
	case 0:
		return session.Skipped(event.ReasonNotFound), nil
	case 1:
	default:
		return session.Skipped(event.ReasonSeveral), nil
	}
	return session.IdentifiedAs(found[0], event.MethodANI), nil
}
