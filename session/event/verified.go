package event

// FactVerified: the caller proved to be the customer, at the level that the line asks for.
const FactVerified Fact = "verified"

// Verified holds the customer, the level and the methods.
type Verified struct {
	Customer string   `json:"customer"`
	Name     string   `json:"name,omitempty"`
	Methods  []Method `json:"methods"`
	Status   Status   `json:"status"`
	Level    int      `json:"level"`
	PopURL   string   `json:"pop_url,omitempty"`
	// Continues is the first id of this same call if it came back, such as for a step-up; absent on a new call.
	Continues string `json:"continues,omitempty"`
	// Proof is a signature of what this says, for others to check (docs/integrate.md#signed-status).
	Proof string `json:"proof,omitempty"`
}

// Fact implements Data.
func (Verified) Fact() Fact { return FactVerified }
