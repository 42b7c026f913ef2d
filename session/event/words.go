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
	// ReasonLocked: too many attempts at this customer's secrets; verification is off for a while.
	ReasonLocked Reason = "locked"
	// ReasonVelocity: the caller's number has tried too much: a risk for the agent to know.
	ReasonVelocity Reason = "velocity"
	// ReasonUntrusted: the network says that the caller's number is not genuine, or not surely enough for this line.
	ReasonUntrusted Reason = "untrusted"
	// ReasonVoid: a one-time code was void before the right one was keyed: too many tries, or too late.
	ReasonVoid Reason = "void"
	// ReasonSendLimit: no more one-time codes may be sent to that number for now.
	ReasonSendLimit Reason = "send_limit"
	// ReasonNotHeard: what was said was not understood well enough, too often.
	ReasonNotHeard Reason = "not_heard"
	// ReasonClosed: outside of the line's opening hours.
	ReasonClosed Reason = "closed"
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
	// MethodPhone: a telephone number keyed by the caller.
	MethodPhone Method = "phone"
	// MethodPIN: the PIN.
	MethodPIN Method = "pin"
	// MethodBirthDate: the date of birth.
	MethodBirthDate Method = "birth_date"
	// MethodPassphrase: the spoken passphrase.
	MethodPassphrase Method = "passphrase"
	// MethodSMSCode: a one-time code sent to a telephone on file.
	MethodSMSCode Method = "sms_code"
	// MethodTOTP: a time-based one-time code from the customer's authenticator.
	MethodTOTP Method = "totp"
	// MethodToken: an ID&V token from another channel.
	MethodToken Method = "token"
)
