package session

import (
	"context"
	"time"

	"countersign/session/event"
)

// Proof is one factor that a caller has proven, and how. A step returns it with VerifiedBy.
type Proof struct {
	Factor Factor       `json:"factor"`
	Method event.Method `json:"method"`
	// Until is when it expires; zero means that it lasts as long as the call.
	Until time.Time `json:"until,omitzero"`
}

func (p Proof) counts(at time.Time) bool { return p.Until.IsZero() || at.Before(p.Until) }

// Proven is what a call or a token brings along: the customer and the proofs.
type Proven struct {
	// Customer is the customer's id.
	Customer string         `json:"customer"`
	Methods  []event.Method `json:"methods,omitempty"`
	Proofs   []Proof        `json:"proofs,omitempty"`
	// Language is the language of the call, or empty.
	Language string `json:"language,omitempty"`
}

// Level is the level of the proofs that have not expired.
func (p Proven) Level(at time.Time) Level {
	var factors []Factor
	for _, proof := range p.Proofs {
		if proof.counts(at) {
			factors = append(factors, proof.Factor)
		}
	}
	return levelOf(p.Customer != "", factors)
}

// Known is the result of an earlier call, in the state shared between machines.
type Known struct {
	Proven
	// Call is our id of the call, First its first id if it has come back, and Channel FreeSWITCH's id of the caller's
	// leg.
	Call    string `json:"call"`
	First   string `json:"first"`
	Channel string `json:"channel"`
	Line    string `json:"line"`
	// Required is the level that the line asks for.
	Required Level `json:"required"`
	// Decided is when it was handed on.
	Decided time.Time `json:"decided"`
}

// Status is the status for an agent at a time.
func (k Known) Status(at time.Time) event.Status {
	return verdict{level: k.Level(at), required: k.Required}.status()
}

// Calls keeps the results of calls, for when the same call comes back or a step-up asks for it. It is shared between
// machines.
type Calls interface {
	// Remember keeps k under its Call. It is best effort: a call that comes back unknown is asked again.
	Remember(ctx context.Context, k Known) error
	// Recall finds a call. ok is false if it is unknown or has expired.
	Recall(ctx context.Context, call string) (k Known, ok bool, err error)
}

// Tokens redeems and issues ID&V tokens. Its state is shared between machines.
type Tokens interface {
	// Redeem uses up a token. A *RefusedError says why it was refused; any other error means that it could not be checked.
	Redeem(ctx context.Context, token Secret, line string) (Proven, error)
	// Issue makes a token for what was proven on a call. It can be redeemed once, for a short time.
	Issue(ctx context.Context, k Known) (string, error)
}

// RefusedError says why a token was refused.
type RefusedError struct{ Reason event.Refusal }

func (e *RefusedError) Error() string { return "the token is refused: " + string(e.Reason) }

// Lifetimes of proofs from a token (docs/policy.md#idv-token) and from a step-up
// (docs/policy.md#verified-status-inside-a-call).
const (
	tokenLife  = 15 * time.Minute
	stepUpLife = 5 * time.Minute
)
