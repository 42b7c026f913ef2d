package session

import (
	"slices"
	"time"
)

// Call is what FreeSWITCH told us about a call when it connected. It never changes afterwards.
type Call struct {
	// ID is our own id for the call (UUID version 7), sent on as cs_call.
	ID string
	// Channel is FreeSWITCH's Unique-ID of the caller's leg.
	Channel string
	// Caller is the caller's number as FreeSWITCH believes it, not normalised; empty, "anonymous" and worse occur.
	Caller string
	// Withheld says that the caller asked for the number to be hidden (Privacy: id). Caller may still hold a number: the network's
	// P-Asserted-Identity, which must not be used to look anybody up.
	Withheld bool
	// Dialled is the number that was called.
	Dialled string
	// Line is the service line that the dialplan asked for (cs_line); empty means that the dialled number decides.
	Line string
	// Trust is what the network says about the caller's number (STIR/SHAKEN).
	Trust Trust
	// Token is an ID&V token that the call brought along (cs_token, X-Countersign-Token), or empty. The Runner redeems and wipes it.
	Token Secret
	// Earlier is the id under which this same call was with us before (cs_call), or empty.
	Earlier string
	// NeedLevel is the level that a step-up asks for (cs_need_level), or Unknown.
	NeedLevel Level
	// Return is where the call goes after a step-up, whatever came of it (cs_return); zero means by the line's routes.
	Return Destination
	// Started is when the call reached us.
	Started time.Time
}

// Trust is how far the network vouches for the caller's number.
type Trust int

const (
	// TrustUnknown: the network says nothing, or something that means nothing (attestation B and C, no validation).
	TrustUnknown Trust = iota
	// TrustFull: attestation A: the caller has the right to use the number. It does not say who is holding the telephone.
	TrustFull
	// TrustFailed: the signature is wrong: the number must not be used.
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

// Customer is who a caller turned out to be. It holds nothing that could prove it.
type Customer struct {
	ID       string
	Name     string
	Language string
	// Enrolled are the kinds of secrets on file that could be asked for: "pin", "birth_date", "passphrase", "totp", or the name of a fact.
	Enrolled []string
}

// Has says whether there is something of that kind on file to ask for.
func (c Customer) Has(kind string) bool { return slices.Contains(c.Enrolled, kind) }

// Phone is a telephone number of a customer, and since when it is on file.
type Phone struct {
	E164  string
	Since time.Time
}

// Message is a text message with a one-time code in it.
type Message struct {
	// To is the number (E.164), Language that of the call, Line its service line.
	To, Language, Line string
	// Code is the one-time code: who sends the message puts it into the text and keeps nothing of it.
	Code Secret
	// Lifetime is how long the code counts.
	Lifetime time.Duration
}
