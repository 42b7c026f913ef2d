package event

import "time"

// Callback is what every fact about a callback says of it. Such facts belong to no call: their call is
// "callback-<id>", their seq counts the facts of that callback.
type Callback struct {
	// ID is the id of the callback.
	ID       string `json:"callback"`
	Customer string `json:"customer"`
	// From and To are the window in which the customer is called, TZ the time zone that it was booked in.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	TZ   string    `json:"tz"`
	// Last4 is the end of the number that is called.
	Last4 string `json:"number_last4"`
}

// CallbackActor is who did something to a callback.
type CallbackActor string

// The actors.
const (
	ByCustomer CallbackActor = "customer"
	ByStaff    CallbackActor = "staff"
	ByProgram  CallbackActor = "program"
	ByCall     CallbackActor = "call" // the customer, on the telephone
)

// CallbackOutcome is what became of an attempt, or of the callback.
type CallbackOutcome string

// The outcomes. The list may grow.
const (
	// CallbackTalked: the customer took the call with a key, and talked to the agent.
	CallbackTalked CallbackOutcome = "talked"
	// CallbackNoAnswer, CallbackBusy and CallbackUnreachable: the customer's telephone.
	CallbackNoAnswer    CallbackOutcome = "no_answer"
	CallbackBusy        CallbackOutcome = "busy"
	CallbackUnreachable CallbackOutcome = "unreachable"
	// CallbackNoKey: somebody or something answered, and pressed no key.
	CallbackNoKey CallbackOutcome = "no_key"
	// CallbackLater: the customer asked to be called later.
	CallbackLater CallbackOutcome = "later"
	// CallbackUnclear: Countersign was away meanwhile; the agent was asked.
	CallbackUnclear CallbackOutcome = "unclear"
	// CallbackAgentGone: the agent hung up before the customer had answered.
	CallbackAgentGone CallbackOutcome = "agent_gone"
	// CallbackNoAgent: nobody took it in time.
	CallbackNoAgent CallbackOutcome = "no_agent"
)
