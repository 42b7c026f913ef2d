package event

// FactAlertAnswered: the customer answered an alert.
const FactAlertAnswered Fact = "alert_answered"

// AlertAnswered describes it.
type AlertAnswered struct {
	Alert
	Answer AlertAnswer `json:"answer"`
	// Callback is the id of the callback that it became.
	Callback string `json:"callback,omitempty"`
}

// Fact implements Data.
func (AlertAnswered) Fact() Fact { return FactAlertAnswered }
