package event

// FactVerified: the caller proved to be the customer, at the level that the line asks for.
const FactVerified Fact = "verified"

// Verified says who, how surely, and by which methods.
type Verified struct {
	Customer string   `json:"customer"`
	Name     string   `json:"name,omitempty"`
	Methods  []Method `json:"methods"`
	Status   Status   `json:"status"`
	Level    int      `json:"level"`
	PopURL   string   `json:"pop_url,omitempty"`
	// Continues is the id that this same call had when it was with us first, such as before a step-up; absent on a new call.
	Continues string `json:"continues,omitempty"`
}

// Fact implements Data.
func (Verified) Fact() Fact { return FactVerified }
