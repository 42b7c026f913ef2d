package event

// FactCallbackCancelled: somebody cancelled it.
const FactCallbackCancelled Fact = "callback_cancelled"

// CallbackCancelled describes it.
type CallbackCancelled struct {
	Callback
	// By is who did.
	By CallbackActor `json:"by"`
}

// Fact implements Data.
func (CallbackCancelled) Fact() Fact { return FactCallbackCancelled }
