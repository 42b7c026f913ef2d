package event

// FactCallStarted: a call reached us and was answered.
const FactCallStarted Fact = "call_started"

// CallStarted is the first event of every call.
type CallStarted struct {
	// Channel is FreeSWITCH's Unique-ID of the caller's leg, for whoever must find the call there.
	Channel string `json:"channel"`
	// CallerLast4 holds the last four digits of the caller's number; absent when there is none, and when it is hidden.
	CallerLast4 string `json:"caller_last4,omitempty"`
	// CallerWithheld says that the caller asked for the number to be hidden.
	CallerWithheld bool `json:"caller_withheld,omitempty"`
	// Attestation is what the network says about the caller's number: "A", "failed", or absent when it says nothing of use.
	Attestation string `json:"attestation,omitempty"`
	// Continues is the id that this same call had when it was with us first; absent on a new call.
	Continues string `json:"continues,omitempty"`
	// DialledLast4 holds the last four digits of the number that was called.
	DialledLast4 string `json:"dialled_last4,omitempty"`
}

// Fact implements Data.
func (CallStarted) Fact() Fact { return FactCallStarted }
