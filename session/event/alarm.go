package event

// FactAlarm: more calls of a line fail than usual, perhaps because of PIN attempts on many accounts, no key is heard on
// a trunk, or shared state was lost. It belongs to no call: its call is "alarm-<line>-<minute>".
const FactAlarm Fact = "alarm"

// AlarmKind says which limit was exceeded.
type AlarmKind string

const (
	// AlarmFailureRate: more than 30 % of at least 20 calls failed within 5 minutes.
	AlarmFailureRate AlarmKind = "failure_rate"
	// AlarmFailureCount: more than three times the usual failures of this hour.
	AlarmFailureCount AlarmKind = "failure_count"
	// AlarmStateLost: state that machines share in NATS was missing, older or damaged. What says which; it has no counts.
	AlarmStateLost AlarmKind = "state_lost"
	// AlarmNoKeys: no key was heard in many calls in a row of one trunk. All Calls count as Failures; Trunk names it.
	AlarmNoKeys AlarmKind = "no_keys"
	// AlarmReturned: the new version of a line, which began with a share of the calls, was worse than it may be, and the
	// version before is in force for all again. Calls and Failures are those of the new version; What says why.
	AlarmReturned AlarmKind = "returned"
	// AlarmNotCalling: a customer says on their own page that they are not calling, while a call says that it is them.
	// Call is that call. It has no counts.
	AlarmNotCalling AlarmKind = "not_calling"
	// AlarmImpostor: a customer says on their own page that somebody called them in the company's name. It has no counts.
	AlarmImpostor AlarmKind = "impostor"
)

// Alarm is the counts of all machines, or what was lost.
type Alarm struct {
	Kind AlarmKind `json:"kind"`
	// Calls counts the calls decided in the window, Failures those that failed.
	Calls    int `json:"calls"`
	Failures int `json:"failures"`
	// Seconds is the length of the window.
	Seconds int `json:"seconds"`
	// What happened, in words. Always with AlarmStateLost: what was lost, and what became of it; and with AlarmReturned.
	What string `json:"what,omitempty"`
	// Trunk is FreeSWITCH's name of the trunk, with AlarmNoKeys alone: its gateway, or profile and address.
	Trunk string `json:"trunk,omitempty"`
	// Call is our id of the call that it is about, with AlarmNotCalling alone.
	Call string `json:"call,omitempty"`
	// Customer is whom it concerns, with AlarmImpostor alone.
	Customer string `json:"customer,omitempty"`
}

// Fact implements Data.
func (Alarm) Fact() Fact { return FactAlarm }
