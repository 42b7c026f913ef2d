package event

// FactCallbackAttempted: an attempt is over.
const FactCallbackAttempted Fact = "callback_attempted"

// CallbackAttempted describes it.
type CallbackAttempted struct {
	Callback
	// Attempt is its number, from 1.
	Attempt int `json:"attempt"`
	// Agent is the id of the agent who took it.
	Agent   string          `json:"agent"`
	Outcome CallbackOutcome `json:"outcome"`
	// Channel is the customer's channel in FreeSWITCH.
	Channel string `json:"channel,omitempty"`
	// TalkedMilliseconds is how long they talked.
	TalkedMilliseconds int64 `json:"talked_ms,omitempty"`
}

// Fact implements Data.
func (CallbackAttempted) Fact() Fact { return FactCallbackAttempted }
