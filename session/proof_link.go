package session

import "countersign/session/event"

// What became of a question on the customer's own page, for the call's events. A link that was sent is CodeSent.

// ProofShown records that the customer sees it.
func (s *Session) ProofShown(e event.ProofShown) { s.events.record(e) }

// ProofConfirmed records that they are calling.
func (s *Session) ProofConfirmed(e event.ProofConfirmed) { s.events.record(e) }

// ProofDenied records that they are not, or do not hear the call.
func (s *Session) ProofDenied(e event.ProofDenied) { s.events.record(e) }
