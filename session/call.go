package session

import (
	"slices"
	"time"
)

// Call describes a call as FreeSWITCH connected it. It never changes afterwards.
type Call struct {
	// ID is our own id for the call (UUID version 7), sent on as cs_call.
	ID string
	// Channel is FreeSWITCH's Unique-ID of the caller's leg.
	Channel string
	// Caller is the caller's number as FreeSWITCH has it, not normalised; it may be empty, "anonymous" or worse.
	Caller string
	// Withheld: the caller asked to hide the number (Privacy: id). Caller may still hold the network's
	// P-Asserted-Identity, which must not be used for a look-up.
	Withheld bool
	// Trunk names what brought the call, as FreeSWITCH does: the gateway, or else the profile and the address of the other
	// side, such as "external/192.0.2.7"; empty if FreeSWITCH says neither.
	Trunk string
	// Dialled is the number that was called.
	Dialled string
	// Line is the service line that the dialplan asked for (cs_line); if empty, the dialled number decides.
	Line string
	// Trust is the network's attestation of the caller's number (STIR/SHAKEN). If there are Attestations, the Runner sets
	// it to TrustIn the line's region.
	Trust        Trust
	Attestations []Attestation
	// Token is the call's ID&V token (cs_token, X-Countersign-Token), or empty. The Runner redeems and wipes it.
	Token Secret
	// Earlier is the id that this same call had with us before (cs_call), or empty.
	Earlier string
	// First is the id of this same call's first visit, its own if it is that. The Runner sets it.
	First string
	// NeedLevel is the level that a step-up asks for (cs_need_level), or Unknown.
	NeedLevel Level
	// Return is where the call goes after a step-up, successful or not (cs_return); zero means the line's routes.
	Return Destination
	// Queue is the queue of mod_callcenter that the call was in, and Joined when it joined; zero if it was in none.
	Queue  string
	Joined time.Time
	// Started is when the call reached us.
	Started time.Time
}

// Trust is how far the network attests the caller's number.
type Trust int

const (
	// TrustUnknown: no attestation, or one that proves nothing (B, C, no validation).
	TrustUnknown Trust = iota
	// TrustFull: attestation A: the caller may use the number. It does not say who holds the telephone.
	TrustFull
	// TrustFailed: the signature is wrong, and the number must not be used.
	TrustFailed
)

func (t Trust) attestation() string {
	switch t {
	case TrustFull:
		return "A"
	case TrustFailed:
		return "failed"
	default:
		return ""
	}
}

// Customer is an identified caller. It holds no secret.
type Customer struct {
	ID       string
	Name     string
	Language string
	// Enrolled lists what is on file to ask for: "pin", "birth_date", "passphrase", "totp", or the name of a fact.
	Enrolled []string
}

// Has says whether the customer is enrolled for that kind of question.
func (c Customer) Has(kind string) bool { return slices.Contains(c.Enrolled, kind) }

// Phone is a telephone number of a customer; Since is when it was put on file.
type Phone struct {
	E164  string
	Since time.Time
}
