package session

import "time"

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
	// Started is when the call reached us.
	Started time.Time
}

// Customer is who a caller turned out to be. It holds nothing that could prove it.
type Customer struct {
	ID       string
	Name     string
	Language string
	// HasPIN says whether there is a PIN on file to ask for.
	HasPIN bool
}
