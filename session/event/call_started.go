package event

// FactCallStarted: a call reached us and was answered.
const FactCallStarted Fact = "call_started"

// CallStarted is the first event of every call.
type CallStarted struct {
	// Channel is FreeSWITCH's Unique-ID of the caller's leg.
	Channel string `json:"channel"`
	// CallerLast4 is the last four digits of the caller's number; absent if there is none or it is hidden.
	CallerLast4 string `json:"caller_last4,omitempty"`
	// CallerWithheld: the caller hid the number.
	CallerWithheld bool `json:"caller_withheld,omitempty"`
	// Attestation is the network's attestation of the caller's number: "A", "failed", or absent for anything else.
	Attestation string `json:"attestation,omitempty"`
	// Continues is the first id of this same call if it came back, such as for a step-up; absent on a new call.
	Continues string `json:"continues,omitempty"`
	// DialledLast4 is the last four digits of the number that was called.
	DialledLast4 string `json:"dialled_last4,omitempty"`
}

// Fact implements Data.
func (CallStarted) Fact() Fact { return FactCallStarted }
