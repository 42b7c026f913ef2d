package event

// FactAlertSent: a customer was told that the company wants to talk to them.
const FactAlertSent Fact = "alert_sent"

// AlertSent describes it.
type AlertSent struct {
	Alert
	// By is who of the company asked for it.
	By CallbackActor `json:"by"`
}

// Fact implements Data.
func (AlertSent) Fact() Fact { return FactAlertSent }
