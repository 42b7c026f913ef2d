package event

// FactStepUpRequested: self-service or an agent asks for a higher level in mid-call.
const FactStepUpRequested Fact = "step_up_requested"

// StepUpRequested says what is asked for.
type StepUpRequested struct {
	// Level is the level asked for, Has what the call has already.
	Level int `json:"level"`
	Has   int `json:"has"`
}

// Fact implements Data.
func (StepUpRequested) Fact() Fact { return FactStepUpRequested }
