package event

// FactCodeSent: a one-time code went to the customer, could not, or more is known about one that did.
const FactCodeSent Fact = "code_sent"

// Way is a way for a one-time code to reach a customer.
type Way string

const (
	// WaySMS: a text message.
	WaySMS Way = "sms"
	// WayCall: a call that speaks the code.
	WayCall Way = "call"
	// WayEmail: an e-mail.
	WayEmail Way = "email"
)

// CodeState says what became of a code on its way.
type CodeState string

const (
	// CodeSentOff: handed over to the gateway, the mail server or the telephone network.
	CodeSentOff CodeState = "sent"
	// CodeNotSent: not handed over: a fault of ours or of the gateway.
	CodeNotSent CodeState = "not_sent"
	// CodeLimited: not sent, because the limit of codes is reached.
	CodeLimited CodeState = "limited"
	// CodeDelivered: the gateway says that it arrived; of a call: a person pressed a key and heard it.
	CodeDelivered CodeState = "delivered"
	// CodeNotDelivered: the gateway says that it did not arrive; of a call: nobody answered, or nobody pressed a key.
	CodeNotDelivered CodeState = "not_delivered"
)

// CodeSent describes one sending of a one-time code. It comes when the code is sent or could not be, and once more if
// its delivery becomes known while the caller is asked for it. It has neither the code nor the whole destination.
type CodeSent struct {
	Step  string    `json:"step"`
	Way   Way       `json:"way"`
	State CodeState `json:"state"`
	// Last2 are the last two digits of the telephone number; empty for an e-mail.
	Last2 string `json:"last2,omitempty"`
	// Milliseconds is the time from sending to delivered or not_delivered.
	Milliseconds int64 `json:"ms,omitempty"`
}

// Fact implements Data.
func (CodeSent) Fact() Fact { return FactCodeSent }
