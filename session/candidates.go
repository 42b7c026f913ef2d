package session

import (
	"slices"

	"countersign/session/event"
)

// A caller can give a number that several customers have: one with letters, of which the keys tell only so much. Then
// nobody is named, and the line's next identifier tells these customers apart.

// OneOf means that what the caller gave fits all of these customers. Nothing is read out.
func OneOf(candidates []Customer) Outcome {
	return Outcome{Result: event.StepSkipped, Reason: event.ReasonSeveral, Candidates: candidates}
}

// Among returns those of the customers whom the caller may be after the identifiers before: all of them, unless one of
// these fitted several.
func (s *Session) Among(found []Customer) []Customer {
	if s.candidates == nil {
		return found
	}
	return slices.DeleteFunc(slices.Clone(found), func(c Customer) bool {
		return !slices.ContainsFunc(s.candidates, func(other Customer) bool { return other.ID == c.ID })
	})
}

// Undecided says that an identifier fitted several customers.
func (s *Session) Undecided() bool { return s.candidates != nil }
