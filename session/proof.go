package session

import (
	"context"
	"time"

	"countersign/session/event"
)

// Proof is one factor that a caller has proven, and how. A step makes one by VerifiedBy.
type Proof struct {
	Factor Factor       `json:"factor"`
	Method event.Method `json:"method"`
	// Until is when it does not count any more; zero means that it lasts as long as the call.
	Until time.Time `json:"until,omitzero"`
}

func (p Proof) counts(at time.Time) bool { return p.Until.IsZero() || at.Before(p.Until) }

// Proven is what a call or a token brings along: who is calling, and their proofs.
type Proven struct {
	// Customer is the customer's id.
	Customer string         `json:"customer"`
	Methods  []event.Method `json:"methods,omitempty"`
	Proofs   []Proof        `json:"proofs,omitempty"`
	// Language is the one that was spoken, or empty.
	Language string `json:"language,omitempty"`
}

// Level is what the proofs that still count add up to.
func (p Proven) Level(at time.Time) Level {
	var factors []Factor
	for _, proof := range p.Proofs {
		if proof.counts(at) {
			factors = append(factors, proof.Factor)
		}
	}
	return levelOf(p.Customer != "", factors)
}

// Known is what the state shared between machines says about a call that was with us.
type Known struct {
	Proven
	// Call is our id, First that of the first time that this same call was with us, and Channel FreeSWITCH's id of its
	// caller's leg.
	Call    string `json:"call"`
	First   string `json:"first"`
	Channel string `json:"channel"`
	Line    string `json:"line"`
	// Required is the level that the line asks for.
	Required Level `json:"required"`
	// Decided is when it went on.
	Decided time.Time `json:"decided"`
}

// Status is what an agent would be told at a time.
func (k Known) Status(at time.Time) event.Status {
	return verdict{level: k.Level(at), required: k.Required}.status()
}

// Calls keeps what was found out about calls, for when the same call comes back or somebody asks about it. It is shared
// between machines.
type Calls interface {
	// Remember keeps k under its Call. It is best effort: a call that comes back unknown is asked again.
	Remember(ctx context.Context, k Known) error
	// Recall finds a call. ok is false if it is not known (any more).
	Recall(ctx context.Context, call string) (k Known, ok bool, err error)
}

// Tokens redeems what other channels have proven, and hands it on. Implementations are shared between machines.
type Tokens interface {
	// Redeem uses a token up. A *RefusedError says why it is not taken; any other error that it could not be found out.
	Redeem(ctx context.Context, token Secret, line string) (Proven, error)
	// Issue makes a token for what was proven on a call. It can be redeemed once, for a short time.
	Issue(ctx context.Context, k Known) (string, error)
}

// RefusedError says that a token is not taken, and why, in one of the words of event.TokenRefused.
type RefusedError struct{ Reason event.Refusal }

func (e *RefusedError) Error() string { return "the token is refused: " + string(e.Reason) }

// How long things count that were not proven in the normal course of this call (policy.md, "ID&V token", "Verified
// status inside a call").
const (
	tokenLife  = 15 * time.Minute
	stepUpLife = 5 * time.Minute
)
