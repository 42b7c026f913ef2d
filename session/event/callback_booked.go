package event

// FactCallbackBooked: a customer is to be called.
const FactCallbackBooked Fact = "callback_booked"

// CallbackBooked describes it.
type CallbackBooked struct {
	Callback
	// By is who booked it.
	By CallbackActor `json:"by"`
}

// Fact implements Data.
func (CallbackBooked) Fact() Fact { return FactCallbackBooked }
