package event

// Status is what the agent sees.
type Status string

const (
	// StatusVerified: identified and verified.
	StatusVerified Status = "verified"
	// StatusIdentified: identified only.
	StatusIdentified Status = "identified"
	// StatusNone: neither.
	StatusNone Status = "none"
)

// Reason says in one word why a call goes where it goes. It is sent as cs_reason.
type Reason string

const (
	// ReasonOK: the call reached the level that the line asks for.
	ReasonOK Reason = "ok"
	// ReasonNoInput: too many silences.
	ReasonNoInput Reason = "no_input"
	// ReasonNoMatch: too many impossible answers (too short, wrong check digit).
	ReasonNoMatch Reason = "no_match"
	// ReasonWithheld: the caller hid their number, so it was not looked up.
	ReasonWithheld Reason = "withheld"
	// ReasonNoNumber: the call has no number that could be looked up.
	ReasonNoNumber Reason = "no_number"
	// ReasonSeveral: several customers have the number, or one with letters for which a caller presses the same keys, so
	// it identifies none of them.
	ReasonSeveral Reason = "several"
	// ReasonNotFound: no customer has that identifier.
	ReasonNotFound Reason = "not_found"
	// ReasonWrongAnswer: too many wrong answers to a security question.
	ReasonWrongAnswer Reason = "wrong_answer"
	// ReasonOptedOut: the caller opted out ("I don't have it").
	ReasonOptedOut Reason = "opted_out"
	// ReasonNotEnrolled: the customer has nothing on file to ask for.
	ReasonNotEnrolled Reason = "not_enrolled"
	// ReasonUnavailable: a fault of ours, never the caller's failure.
	ReasonUnavailable Reason = "unavailable"
	// ReasonLocked: too many attempts at this customer's secrets; verification is locked.
	ReasonLocked Reason = "locked"
	// ReasonVelocity: too many attempts from the caller's number: a risk for the agent to know.
	ReasonVelocity Reason = "velocity"
	// ReasonUntrusted: the network says that the caller's number is not genuine, or does not attest it enough for this
	// line.
	ReasonUntrusted Reason = "untrusted"
	// ReasonVoid: a one-time code became invalid before the right one was keyed: too many tries, or too late.
	ReasonVoid Reason = "void"
	// ReasonSendLimit: the limit of one-time codes for the number is reached.
	ReasonSendLimit Reason = "send_limit"
	// ReasonNotHeard: the caller was not understood well enough, too often.
	ReasonNotHeard Reason = "not_heard"
	// ReasonClosed: outside the line's opening hours.
	ReasonClosed Reason = "closed"
	// ReasonTooLong: the call reached its limit of actions or time.
	ReasonTooLong Reason = "too_long"
	// ReasonCorrected: the caller went back to their identifier.
	ReasonCorrected Reason = "corrected"
	// ReasonDenied: the customer says on their own page that they are not calling.
	ReasonDenied Reason = "denied"
	// ReasonHungUp: the caller hung up first.
	ReasonHungUp Reason = "hung_up"
)

// Method names a way to identify or verify. Methods are sent as cs_methods, comma-separated.
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
	// MethodAppLink: a link sent to a telephone on file, and the digits that the call speaks keyed on its page.
	MethodAppLink Method = "app_link"
	// MethodPasskey: the same with a passkey, whose device has checked who holds it.
	MethodPasskey Method = "passkey"
	// MethodToken: an ID&V token from another channel.
	MethodToken Method = "token"
)
