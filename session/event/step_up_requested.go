package event

// FactStepUpRequested: self-service or an agent asked for a higher level in mid-call.
const FactStepUpRequested Fact = "step_up_requested"

// StepUpRequested holds the level asked for.
type StepUpRequested struct {
	// Level is the level asked for, Has the level that the call has.
	Level int `json:"level"`
	Has   int `json:"has"`
}

// Fact implements Data.
func (StepUpRequested) Fact() Fact { return FactStepUpRequested }
