package event

// Status is what the agent sees: the three states of the trade.
type Status string

const (
	// StatusVerified: identified and verified.
	StatusVerified Status = "verified"
	// StatusIdentified: identified only.
	StatusIdentified Status = "identified"
	// StatusNone: neither.
	StatusNone Status = "none"
)

// Reason says in one word why a call goes on the way it does. It travels as cs_reason.
type Reason string

const (
	// ReasonOK: the line got the level it asks for.
	ReasonOK Reason = "ok"
	// ReasonNoInput: the caller keyed nothing, too often.
	ReasonNoInput Reason = "no_input"
	// ReasonNoMatch: what the caller keyed could not be an answer (too short, wrong check digit), too often.
	ReasonNoMatch Reason = "no_match"
	// ReasonWithheld: the caller hid their number, so it was not looked up.
	ReasonWithheld Reason = "withheld"
	// ReasonNoNumber: the call brought no number that could be looked up.
	ReasonNoNumber Reason = "no_number"
	// ReasonSeveral: several customers share the number, so it identifies none of them.
	ReasonSeveral Reason = "several"
	// ReasonNotFound: no customer has that identifier.
	ReasonNotFound Reason = "not_found"
	// ReasonWrongAnswer: the answer to a security question was wrong, too often.
	ReasonWrongAnswer Reason = "wrong_answer"
	// ReasonOptedOut: the caller said "I don't have it".
	ReasonOptedOut Reason = "opted_out"
	// ReasonNotEnrolled: the customer has nothing on file that could be asked for.
	ReasonNotEnrolled Reason = "not_enrolled"
	// ReasonUnavailable: something of ours did not work. Never the caller's failure.
	ReasonUnavailable Reason = "unavailable"
	// ReasonTooLong: the call reached the limit on its steps or seconds.
	ReasonTooLong Reason = "too_long"
	// ReasonHungUp: the caller hung up first.
	ReasonHungUp Reason = "hung_up"
)

// Method names a way to identify or verify. It travels, comma-separated, as cs_methods.
type Method string

const (
	// MethodANI: the caller number.
	MethodANI Method = "ani"
	// MethodAccount: the account number keyed by the caller.
	MethodAccount Method = "account"
	// MethodPIN: the PIN.
	MethodPIN Method = "pin"
)
