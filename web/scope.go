package web

// Scope is what a key may do.
type Scope string

// The scopes.
const (
	public Scope = ""        // needs no key
	Calls  Scope = "calls"   // read the result of a call
	StepUp Scope = "step-up" // ask a caller for more proof
	Tokens Scope = "tokens"  // make, check and redeem ID&V tokens: whoever makes one is believed
	// Receipts: say what became of a message. The gateway for text messages needs no more.
	Receipts Scope = "receipts"
)

// Scopes are all of them.
func Scopes() []Scope { return []Scope{Calls, StepUp, Tokens, Receipts} }

// DefaultScopes are those of a key whose settings name none: what an agent's screen needs.
func DefaultScopes() []Scope { return []Scope{Calls, StepUp} }
