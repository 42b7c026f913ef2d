package event

// FactCallbackDue: its time has come, and agents may take it. Again after an attempt that reached nobody.
const FactCallbackDue Fact = "callback_due"

// CallbackDue describes it.
type CallbackDue struct {
	Callback
	// Attempt is the number of the attempt to come, from 1.
	Attempt int `json:"attempt"`
}

// Fact implements Data.
func (CallbackDue) Fact() Fact { return FactCallbackDue }
