package event

// FactCallbackChanged: its window was moved.
const FactCallbackChanged Fact = "callback_changed"

// CallbackChanged describes it.
type CallbackChanged struct {
	Callback
	// By is who moved it.
	By CallbackActor `json:"by"`
}

// Fact implements Data.
func (CallbackChanged) Fact() Fact { return FactCallbackChanged }
