package event

// FactFailed: the call goes on to a person without the level that the line asks for.
const FactFailed Fact = "failed"

// Failed says how far the caller came and what was missing.
type Failed struct {
	// Step is where it ended.
	Step   string `json:"step,omitempty"`
	Reason Reason `json:"reason"`
	Status Status `json:"status"`
	Level  int    `json:"level"`
	// Customer is set when the caller was identified, though not verified.
	Customer string `json:"customer,omitempty"`
	PopURL   string `json:"pop_url,omitempty"`
	// Continues is the id that this same call had when it was with us first, such as before a step-up; absent on a new call.
	Continues string `json:"continues,omitempty"`
}

// Fact implements Data.
func (Failed) Fact() Fact { return FactFailed }
