package session

import (
	"context"

	"countersign/session/event"
)

// Step is one step of a call: a greeting, a look-up, a question. A Step is configuration, shared by all calls of a
// line, so Run keeps its state in the Session or returns it. What the caller did is the Outcome; an error is a fault of
// ours and sends the caller to an agent.
type Step interface {
	// Name is the step's name in events and reports: "ani", "account", "pin".
	Name() string
	Run(ctx context.Context, s *Session) (Outcome, error)
}

// Outcome is the result of a step. Its zero value means that the step passed and proved nothing.
type Outcome struct {
	// Result: empty means passed.
	Result event.StepResult
	// Reason says why the step did not pass.
	Reason event.Reason
	// Customer is who the caller was identified as, or nil.
	Customer *Customer
	// Candidates are the customers of whom the caller is one, if that is all that the step found out.
	Candidates []Customer
	// Factor is what the caller proved, if Customer or an earlier step identified them.
	Factor Factor
	// Method is how the step identified or verified.
	Method event.Method
	// Conceals says that the step asked for an identifier, and that the caller must not learn whether a customer has it.
	Conceals bool
	// Correct says that the caller wants to give their identifier again.
	Correct bool
	// Last sends the caller to an agent at once, without further steps.
	Last bool
}

// Passed means that the step succeeded and proved nothing.
func Passed() Outcome { return Outcome{Result: event.StepPassed} }

// Skipped means that the step had nothing to do or could not be done.
func Skipped(why event.Reason) Outcome { return Outcome{Result: event.StepSkipped, Reason: why} }

// Corrected means that the caller wants to give their identifier again.
func Corrected() Outcome {
	return Outcome{Result: event.StepSkipped, Reason: event.ReasonCorrected, Correct: true}
}

// Failed means that the caller did not pass the step.
func Failed(why event.Reason) Outcome { return Outcome{Result: event.StepFailed, Reason: why} }

// Declined means that the caller opted out: they do not have it.
func Declined() Outcome { return Outcome{Result: event.StepOptedOut, Reason: event.ReasonOptedOut} }

// IdentifiedAs means that the caller was identified as a customer, without proof.
func IdentifiedAs(c Customer, by event.Method) Outcome {
	return Outcome{Result: event.StepPassed, Customer: &c, Method: by}
}

// VerifiedBy means that the caller proved to be the customer they were identified as.
func VerifiedBy(f Factor, by event.Method) Outcome {
	return Outcome{Result: event.StepPassed, Factor: f, Method: by}
}
