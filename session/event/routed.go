package event

// FactRouted: the call is handed on. It is written before the transfer. If the caller hangs up at that moment or the
// transfer is refused, call_ended says so.
const FactRouted Fact = "routed"

// Routed says where the call went and with which result.
type Routed struct {
	// Outcome is the row of the line's table of routes: verified, identified, unidentified, failed, opted_out, locked,
	// unavailable, closed; or returned, after a step-up.
	Outcome string `json:"outcome"`
	// Destination is "<extension> <dialplan> <context>", or "hangup".
	Destination string `json:"destination"`
	Status      Status `json:"status"`
	Level       int    `json:"level"`
	Reason      Reason `json:"reason"`
	// Continues is the first id of this same call if it came back, such as for a step-up; absent on a new call.
	Continues string `json:"continues,omitempty"`
}

// Fact implements Data.
func (Routed) Fact() Fact { return FactRouted }
