package event

// FactProofShown: the customer sees on their own page that a call asks whether they are calling.
const FactProofShown Fact = "proof_shown"

// ProofShown comes once in a step. It has neither the link nor the digits.
type ProofShown struct {
	Step string `json:"step"`
	// Milliseconds is the time from the link's sending.
	Milliseconds int64 `json:"ms"`
}

// Fact implements Data.
func (ProofShown) Fact() Fact { return FactProofShown }
