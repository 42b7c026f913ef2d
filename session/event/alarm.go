package event

// FactAlarm: more calls of a line fail than usual: somebody may be trying PINs on many accounts. It is about no call: its call is "alarm-<line>-<minute>".
const FactAlarm Fact = "alarm"

// AlarmKind says which threshold was passed.
type AlarmKind string

const (
	// AlarmFailureRate: more than 30 % of at least 20 calls failed within 5 minutes.
	AlarmFailureRate AlarmKind = "failure_rate"
	// AlarmFailureCount: more than three times the failures of the same hour on other days.
	AlarmFailureCount AlarmKind = "failure_count"
)

// Alarm says what was counted, over all machines.
type Alarm struct {
	Kind AlarmKind `json:"kind"`
	// Calls were decided in the window, Failures of them failed.
	Calls    int `json:"calls"`
	Failures int `json:"failures"`
	// Seconds is the length of the window.
	Seconds int `json:"seconds"`
}

// Fact implements Data.
func (Alarm) Fact() Fact { return FactAlarm }
