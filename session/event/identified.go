package event

// FactIdentified: we know who the caller says they are. Nothing is proven yet.
const FactIdentified Fact = "identified"

// Identified names the customer for the agent's screen.
type Identified struct {
	Customer string `json:"customer"`
	// Name is for the agent's screen and is never read out to the caller.
	Name   string `json:"name,omitempty"`
	Method Method `json:"method"`
	Status Status `json:"status"`
	Level  int    `json:"level"`
	// PopURL opens the customer on the agent's screen, from the line's template.
	PopURL string `json:"pop_url,omitempty"`
	// Continues is the id that this same call had when it was with us first, such as before a step-up; absent on a new call.
	Continues string `json:"continues,omitempty"`
}

// Fact implements Data.
func (Identified) Fact() Fact { return FactIdentified }
