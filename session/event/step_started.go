package event

// FactStepStarted: a step of the line began.
const FactStepStarted Fact = "step_started"

// StepStarted names the step: greeting, ani, account, pin, confirmation, failure.
type StepStarted struct {
	Step string `json:"step"`
}

// Fact implements Data.
func (StepStarted) Fact() Fact { return FactStepStarted }
