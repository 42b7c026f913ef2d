package session

// Attestation is what one header of the network says about a number (STIR/SHAKEN).
type Attestation struct {
	// Number is the number that it is about, as the header has it. Empty: the caller's, whichever that is; then it can
	// only lower the trust.
	Number string
	Says   Attested
}

// Attested is what is said, ordered so that of two about the same number the larger one overrules.
type Attested int

const (
	// AttestedNothing: no validation, or a word that we do not know.
	AttestedNothing Attested = iota
	// AttestedFully is attestation A: the caller may use the number.
	AttestedFully
	// AttestedPartly is attestation B or C: signed, but not by a network that knows the caller.
	AttestedPartly
	// AttestedFalsely: the signature is wrong.
	AttestedFalsely
)

// TrustIn says how far the network attests the number that is used, on a line of a region. The caller chooses some of
// the headers, and FreeSWITCH may take the number from another one than the network signs: an attestation of another
// number says nothing about this one. A wrong signature counts whatever it is about.
//
// A source that says nothing does not weaken another, because a FreeSWITCH without libstirshaken always says
// No-TN-Validation.
func (c Call) TrustIn(region string) Trust {
	if len(c.Attestations) == 0 {
		return c.Trust
	}
	used, said := ReadPhone(c.Caller, region).E164, AttestedNothing
	for _, a := range c.Attestations {
		about := used != "" && a.Number != "" && (a.Number == c.Caller || ReadPhone(a.Number, region).E164 == used)
		if about || a.Says == AttestedFalsely || a.Number == "" && a.Says == AttestedPartly {
			said = max(said, a.Says)
		}
	}
	switch said {
	case AttestedFully:
		return TrustFull
	case AttestedFalsely:
		return TrustFailed
	default:
		return TrustUnknown
	}
}
