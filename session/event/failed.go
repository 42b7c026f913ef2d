package event

// FactFailed: the call goes to an agent without the level that the line asks for.
const FactFailed Fact = "failed"

// Failed says how far the caller came, and why no further.
type Failed struct {
	// Step is the last step that did not pass.
	Step   string `json:"step,omitempty"`
	Reason Reason `json:"reason"`
	Status Status `json:"status"`
	Level  int    `json:"level"`
	// Customer is set if the caller was identified.
	Customer string `json:"customer,omitempty"`
	PopURL   string `json:"pop_url,omitempty"`
	// Continues is the first id of this same call if it came back, such as for a step-up; absent on a new call.
	Continues string `json:"continues,omitempty"`
	// Proof is a signature of what this says, for others to check (docs/integrate.md#signed-status).
	Proof string `json:"proof,omitempty"`
}

// Fact implements Data.
func (Failed) Fact() Fact { return FactFailed }
