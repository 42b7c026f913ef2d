package session

import (
	"context"

	"countersign/session/event"
)

// A caller's number only suggests a customer: a family, an office and the next owner of a number call from it too. Who
// says so with the opt-out key, or cannot prove to be that customer, is asked for the identifiers behind the number, as
// a caller with an unknown number is.

// mayBeAnother says whether the number suggested a customer who did not answer.
func (w *walk) mayBeAnother() bool {
	if w.gone != nil || !w.s.suggested() || w.s.call.NeedLevel > Unknown || w.person || w.asked == len(w.s.line.Identify) {
		return false
	}
	return w.why == event.ReasonOptedOut || w.why == event.ReasonWrongAnswer || w.why == event.ReasonLocked
}

// identifyAnother asks who the caller is, and for their proof. If they name nobody, the suggested customer is still
// what helps the agent most.
func (w *walk) identifyAnother(ctx context.Context) {
	s, why, at := w.s, w.why, w.at
	suggested, methods := s.customer, s.methods
	s.customer, s.methods, s.queued = nil, nil, s.queued[:0]
	s.known = false  // the customer with this number is somebody else; what the guard knows of the number stays
	s.discard = true // a PIN keyed ahead is no account number
	w.askWho(ctx)
	same := s.customer != nil && s.customer.ID == suggested.ID
	switch {
	case same && why == event.ReasonWrongAnswer && !s.concealed.on: // had all tries of a call
		w.why, w.at = why, at
	case s.named():
		w.prove(ctx)
	}
	if s.customer == nil {
		s.customer, s.methods = suggested, methods
		if w.gone == nil && w.why != event.ReasonTooLong && w.why != event.ReasonUnavailable {
			w.why, w.at = why, at
		}
	}
}
