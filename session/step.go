package session

import (
	"context"

	"countersign/session/event"
)

// Step is one thing that happens on a call: a greeting, a look-up, a question. A Step is configuration, shared by every call of a line, so
// Run keeps what it learns in the Session or returns it. What the caller did is the Outcome; an error means that something of ours broke,
// and sends the caller to a person.
type Step interface {
	// Name is the step in events and reports: "ani", "account", "pin".
	Name() string
	Run(ctx context.Context, s *Session) (Outcome, error)
}

// Outcome is what came of a step. Its zero value means that the step passed and proved nothing.
type Outcome struct {
	// Result is empty for passed.
	Result event.StepResult
	// Reason says why the step did not pass.
	Reason event.Reason
	// Customer is who the caller was identified as, or nil.
	Customer *Customer
	// Factor is what the caller proved, if Customer or an earlier step identified them.
	Factor Factor
	// Method is how the step identified or verified.
	Method event.Method
	// Last says that nothing else is to be tried: the caller goes on to a person at once.
	Last bool
}

// Passed means that the step did what it is for and proved nothing.
func Passed() Outcome { return Outcome{Result: event.StepPassed} }

// Skipped means that there was nothing to do, or no way to do it.
func Skipped(why event.Reason) Outcome { return Outcome{Result: event.StepSkipped, Reason: why} }

// Failed means that the caller did not get through the step.
func Failed(why event.Reason) Outcome { return Outcome{Result: event.StepFailed, Reason: why} }

// Declined means that the caller chose not to answer: they do not have it.
func Declined() Outcome { return Outcome{Result: event.StepOptedOut, Reason: event.ReasonOptedOut} }

// IdentifiedAs means that we know who the caller says they are.
func IdentifiedAs(c Customer, by event.Method) Outcome {
	return Outcome{Result: event.StepPassed, Customer: &c, Method: by}
}

// VerifiedBy means that the caller proved to be the customer they were identified as.
func VerifiedBy(f Factor, by event.Method) Outcome {
	return Outcome{Result: event.StepPassed, Factor: f, Method: by}
}
