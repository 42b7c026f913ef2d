package event

// FactProofConfirmed: the customer has confirmed on their own page that they are calling.
const FactProofConfirmed Fact = "proof_confirmed"

// ProofConfirmed says how they did.
type ProofConfirmed struct {
	Step string `json:"step"`
	// Passkey says that they used one, whose device has checked who holds it. Otherwise they opened the link and keyed the
	// digits there, and nothing else.
	Passkey bool `json:"passkey"`
	// Milliseconds is the time from the link's sending.
	Milliseconds int64 `json:"ms"`
}

// Fact implements Data.
func (ProofConfirmed) Fact() Fact { return FactProofConfirmed }
