package event

// FactIdentified: the caller was identified as a customer; nothing is proven yet.
const FactIdentified Fact = "identified"

// Identified names the customer for the agent's screen.
type Identified struct {
	Customer string `json:"customer"`
	// Name is for the agent's screen; it is never spoken to the caller.
	Name   string `json:"name,omitempty"`
	Method Method `json:"method"`
	Status Status `json:"status"`
	Level  int    `json:"level"`
	// PopURL is the agent's screen pop, from the line's template.
	PopURL string `json:"pop_url,omitempty"`
	// Continues is the first id of this same call if it came back, such as for a step-up; absent on a new call.
	Continues string `json:"continues,omitempty"`
	// Proof is a signature of what this says, for others to check (docs/integrate.md#signed-status).
	Proof string `json:"proof,omitempty"`
}

// Fact implements Data.
func (Identified) Fact() Fact { return FactIdentified }
