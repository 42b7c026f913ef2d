package event

// FactStepFinished: a step of the line ended.
const FactStepFinished Fact = "step_finished"

// StepResult says how a step ended.
type StepResult string

const (
	// StepPassed: the step did what it is for.
	StepPassed StepResult = "passed"
	// StepSkipped: there was nothing to do, or no way to do it: a withheld number, an unknown caller.
	StepSkipped StepResult = "skipped"
	// StepFailed: the caller did not get through it.
	StepFailed StepResult = "failed"
	// StepOptedOut: the caller chose not to answer.
	StepOptedOut StepResult = "opted_out"
	// StepAbandoned: the caller hung up in it.
	StepAbandoned StepResult = "abandoned"
	// StepError: something of ours broke in it.
	StepError StepResult = "error"
)

// StepFinished tells how a step ended and how often it had to ask.
type StepFinished struct {
	Step   string     `json:"step"`
	Result StepResult `json:"result"`
	Reason Reason     `json:"reason,omitempty"`
	// Milliseconds is how long the step took.
	Milliseconds int64 `json:"ms"`
	// Attempts has one entry for each time the caller was asked, in order.
	Attempts []Attempt `json:"attempts,omitempty"`
}

// AttemptResult says what came of asking once.
type AttemptResult string

const (
	// AttemptAccepted: the answer was right.
	AttemptAccepted AttemptResult = "accepted"
	// AttemptRejected: a possible answer, but not the right one.
	AttemptRejected AttemptResult = "rejected"
	// AttemptNoInput: nothing was keyed.
	AttemptNoInput AttemptResult = "no_input"
	// AttemptNoMatch: what was keyed could not be an answer.
	AttemptNoMatch AttemptResult = "no_match"
	// AttemptOptedOut: the opt-out key.
	AttemptOptedOut AttemptResult = "opted_out"
	// AttemptServed: the caller asked for something in place of an answer, such as the code once more, and got it.
	AttemptServed AttemptResult = "served"
	// AttemptAbandoned: the caller hung up.
	AttemptAbandoned AttemptResult = "abandoned"
	// AttemptError: something of ours broke before the answer could be judged.
	AttemptError AttemptResult = "error"
)

// Attempt is one time the caller was asked. It never holds what was keyed.
type Attempt struct {
	Result AttemptResult `json:"result"`
	// Milliseconds is how long prompt and entry took together.
	Milliseconds int64 `json:"ms"`
}

// Fact implements Data.
func (StepFinished) Fact() Fact { return FactStepFinished }
