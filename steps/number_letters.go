package steps

import (
	"context"

	"countersign/session"
	"countersign/session/event"
)

// tellApart judges a number that can fit several customers, because it has letters, or because one before it did. If it
// still does, the caller goes on to the line's next identifier, and unidentified if there is none, like a caller from a
// telephone that several customers share. After a number that fitted several, one that fits none of these is wrong, even
// if another customer has it.
func (n Number) tellApart(ctx context.Context, s *session.Session, value string) (attempt, error) {
	all, err := n.all(ctx, s, value)
	if err != nil {
		return attempt{}, err
	}
	switch fits := s.Among(all); {
	case len(fits) == 0 && s.Unknown(ctx):
		return over(session.Failed(event.ReasonVelocity)), nil
	case len(fits) == 0:
		return rejected, nil
	case len(fits) == 1 && fits[0].ID != "":
		return accepted(session.IdentifiedAs(fits[0], event.Method(n.Kind))), nil
	default: // one without an id is a record that could not be read
		return accepted(session.OneOf(fits)), nil
	}
}
