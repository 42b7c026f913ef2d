package event

// FactRouted: the call is handed on. It is written before the transfer is sent; should the caller hang up at that very moment, or the transfer be refused,
// call_ended says so.
const FactRouted Fact = "routed"

// Routed says where the call went and with which result.
type Routed struct {
	// Outcome is the row of the line's table of routes: verified, identified, unidentified, failed, opted_out, locked, unavailable, closed; or returned, after a
	// step-up.
	Outcome string `json:"outcome"`
	// Destination is "<extension> <dialplan> <context>", or "hangup".
	Destination string `json:"destination"`
	Status      Status `json:"status"`
	Level       int    `json:"level"`
	Reason      Reason `json:"reason"`
	// Continues is the id that this same call had when it was with us first, such as before a step-up; absent on a new call.
	Continues string `json:"continues,omitempty"`
}

// Fact implements Data.
func (Routed) Fact() Fact { return FactRouted }
