package session

import (
	"context"
	"time"
)

// Guard counts attempts across calls and machines (docs/policy.md#lockout, docs/policy.md#velocity). It cannot fail:
// without its store it works on what this process has seen. Its methods are called from many calls at once and return
// within a second.
type Guard interface {
	// Caller says whether a caller's number (E.164) is locked. Such a call goes to an agent at once.
	Caller(ctx context.Context, number string) Standing
	// Customer says whether a customer is locked.
	Customer(ctx context.Context, id string) Standing
	// Try takes one attempt at a customer's secrets before the answer is checked, so that simultaneous attempts on
	// several machines count too. If the Standing is Locked, nothing was taken and the answer must not be checked.
	Try(ctx context.Context, a Attempt) Standing
	// GiveBack returns an attempt whose answer was right or could not be checked. Any other attempt is a failure.
	GiveBack(ctx context.Context, a Attempt)
	// Named counts an identifier that a caller's number gave, known or not.
	Named(ctx context.Context, number, kind, value string)
	// StepFailed counts a failed step against the caller's number.
	StepFailed(ctx context.Context, number string)
	// Verified resets the counters after a success: the customer's failures and the identifier that led to them.
	Verified(ctx context.Context, a Attempt)
	// Ended counts a decided call for the line's alarm. It does not block.
	Ended(line string, failed bool)
}

// Attempt is one attempt at a customer's secrets. Caller is the caller's number (E.164), prefixed if it is hidden or
// forged, or empty.
type Attempt struct{ Call, Line, Customer, Caller string }

// Standing says whether a customer or a number is locked.
type Standing struct {
	// Locked: no attempts are allowed.
	Locked bool
	// Caller says, of an attempt, that the caller's number is locked, not the customer.
	Caller bool
	// Until is when the lock ends; zero means that a person must end it (countersign customers unlock).
	Until time.Time
}

// noGuard is the Guard of a Runner without one.
type noGuard struct{}

func (noGuard) Caller(context.Context, string) Standing       { return Standing{} }
func (noGuard) Customer(context.Context, string) Standing     { return Standing{} }
func (noGuard) Try(context.Context, Attempt) Standing         { return Standing{} }
func (noGuard) GiveBack(context.Context, Attempt)             {}
func (noGuard) Named(context.Context, string, string, string) {}
func (noGuard) StepFailed(context.Context, string)            {}
func (noGuard) Verified(context.Context, Attempt)             {}
func (noGuard) Ended(string, bool)                            {}
