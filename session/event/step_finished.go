package event

// FactStepFinished: a step of the line ended.
const FactStepFinished Fact = "step_finished"

// StepResult says how a step ended.
type StepResult string

const (
	// StepPassed: the step succeeded.
	StepPassed StepResult = "passed"
	// StepSkipped: nothing to do, or not possible: a withheld number, an unknown caller.
	StepSkipped StepResult = "skipped"
	// StepFailed: the caller did not pass the step.
	StepFailed StepResult = "failed"
	// StepOptedOut: the caller opted out.
	StepOptedOut StepResult = "opted_out"
	// StepAbandoned: the caller hung up during the step.
	StepAbandoned StepResult = "abandoned"
	// StepError: a fault of ours.
	StepError StepResult = "error"
)

// StepFinished describes how a step ended, with its attempts.
type StepFinished struct {
	Step   string     `json:"step"`
	Result StepResult `json:"result"`
	Reason Reason     `json:"reason,omitempty"`
	// Milliseconds is how long the step took.
	Milliseconds int64 `json:"ms"`
	// Attempts lists the caller's attempts in order.
	Attempts []Attempt `json:"attempts,omitempty"`
	// Number is the telephone number that the step looked up, or could not.
	Number *Number `json:"number,omitempty"`
}

// AttemptResult says how one attempt ended.
type AttemptResult string

const (
	// AttemptAccepted: the answer was right.
	AttemptAccepted AttemptResult = "accepted"
	// AttemptRejected: a possible answer, but not the right one.
	AttemptRejected AttemptResult = "rejected"
	// AttemptNoInput: nothing was keyed.
	AttemptNoInput AttemptResult = "no_input"
	// AttemptNoMatch: not a possible answer.
	AttemptNoMatch AttemptResult = "no_match"
	// AttemptOptedOut: the opt-out key.
	AttemptOptedOut AttemptResult = "opted_out"
	// AttemptServed: the caller asked for something instead of answering, such as another code, and got it.
	AttemptServed AttemptResult = "served"
	// AttemptAbandoned: the caller hung up.
	AttemptAbandoned AttemptResult = "abandoned"
	// AttemptError: a fault of ours before the answer was checked.
	AttemptError AttemptResult = "error"
)

// Attempt is one answer of the caller. It never holds what was keyed.
type Attempt struct {
	Result AttemptResult `json:"result"`
	// Milliseconds is the time of prompt and entry together.
	Milliseconds int64 `json:"ms"`
	// Unchecked: the answer was not checked, because no answer would have counted: too many attempts, or a question that
	// is asked only so that the caller does not hear which accounts exist.
	Unchecked bool `json:"unchecked,omitempty"`
	// Spoken: the caller said it. What they said is never in an event.
	Spoken bool `json:"spoken,omitempty"`
	// Slow: the caller had longer timers, because they needed or wanted more time.
	Slow bool `json:"slow,omitempty"`
	// Wish is what the caller asked for, of an attempt that was served; absent in events of older versions.
	Wish Wish `json:"wish,omitempty"`
}

// Wish is what a caller asks for in place of an answer.
type Wish string

const (
	// WishRepeat: to hear it again.
	WishRepeat Wish = "repeat"
	// WishClear: to key it anew.
	WishClear Wish = "clear"
	// WishSlower: more time.
	WishSlower Wish = "slower"
	// WishKeys: to key and not to say it.
	WishKeys Wish = "keys"
	// WishCode: the code again, or another way; WishNumber: on another of their numbers.
	WishCode   Wish = "code"
	WishNumber Wish = "number"
	// WishIdentifier: to give the identifier before it again.
	WishIdentifier Wish = "identifier"
)

// Fact implements Data.
func (StepFinished) Fact() Fact { return FactStepFinished }
