package steps

import (
	"context"

	"countersign/session"
)

// tellApart judges a number that can fit several customers, because it has letters, or because one before it did. If it
// still does, the caller goes on to the line's next identifier, and unidentified if there is none, like a caller from a
// telephone that several customers share. After a number that fitted several, one that fits none of these is wrong,
// even if another customer has it.
func (n Number) tellApart(ctx context.Context, s *session.Session, value string) (attempt, error) {
	all, err := n.all(ctx, s, value)
	if err != nil {
		return attempt{}, err
	}
	switch fits := s.Among(all); {
	case len(fits) == 0:
		return n.unknown(ctx, s), nil
	case len(fits) == 1 && fits[0].ID != "":
		return n.known(fits[0]), nil
	default: // one without an id is a record that could not be read
		return accepted(session.OneOf(fits)), nil
	}
}
