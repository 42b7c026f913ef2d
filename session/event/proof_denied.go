package event

// FactProofDenied: the customer has said on their own page that they are not calling, or keyed wrong digits there too
// often.
const FactProofDenied Fact = "proof_denied"

// Denial says how a proof was denied.
type Denial string

const (
	// DenialNotCalling: «No, somebody called me». The caller is somebody else.
	DenialNotCalling Denial = "not_calling"
	// DenialWrongDigits: the digits were wrong too often, so whoever has the page does not hear the call.
	DenialWrongDigits Denial = "wrong_digits"
)

// ProofDenied says why.
type ProofDenied struct {
	Step string `json:"step"`
	Why  Denial `json:"why"`
	// Milliseconds is the time from the link's sending.
	Milliseconds int64 `json:"ms"`
}

// Fact implements Data.
func (ProofDenied) Fact() Fact { return FactProofDenied }
