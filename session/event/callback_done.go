package event

// FactCallbackDone: it is over, with or without a conversation.
const FactCallbackDone Fact = "callback_done"

// CallbackDone describes it.
type CallbackDone struct {
	Callback
	Attempts int             `json:"attempts"`
	Outcome  CallbackOutcome `json:"outcome"`
}

// Fact implements Data.
func (CallbackDone) Fact() Fact { return FactCallbackDone }
