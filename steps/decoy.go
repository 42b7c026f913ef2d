package steps

import (
	"countersign/session"
	"countersign/session/event"
)

// holds says whether the caller was identified as a customer who has such a secret.
func holds(s *session.Session, by event.Method) bool {
	customer, identified := s.Customer()
	return identified && customer.Has(string(by))
}

// asksStrangers says whether a question that customers may lack is asked: of those who have the secret and, on a line
// that conceals, of callers whom nothing would help.
func asksStrangers(s *session.Session, by event.Method) bool {
	why := s.Decoy(by)
	return holds(s, by) || why != "" && why != event.ReasonNotEnrolled
}

// whose secret an answer is checked against: the customer's, or nobody's.
func whose(s *session.Session, by event.Method) string {
	if s.Decoy(by) != "" {
		return ""
	}
	customer, _ := s.Customer()
	return customer.ID
}

// decoyed gives the outcome of a question its true reason, which the caller did not hear.
func decoyed(s *session.Session, by event.Method, out session.Outcome) session.Outcome {
	switch why := s.Decoy(by); {
	case why == "":
	case out.Result == event.StepFailed && (out.Reason == event.ReasonWrongAnswer || out.Reason == event.ReasonNotHeard):
		out.Reason = why
	case out.Result == event.StepOptedOut && why == event.ReasonNotEnrolled && !out.Last:
		// The next question may be one they have.
		return session.Skipped(why)
	}
	return out
}
