package session

import (
	"context"
	"time"

	"countersign/session/event"
)

// Guard counts attempts across calls and machines (docs/policy.md#lockout, docs/policy.md#velocity). It cannot fail:
// without its store it works on what this process has seen. Its methods are called from many calls at once and return
// within a second, but for Try and Unknown of an anonymous caller, who may have to wait for others, until ctx ends.
type Guard interface {
	// Caller says whether a caller's number (E.164) is locked. Such a call goes to an agent at once.
	Caller(ctx context.Context, number string) Standing
	// Customer says whether a customer is locked.
	Customer(ctx context.Context, id string) Standing
	// Try takes one attempt at a customer's secrets before the answer is checked, so that simultaneous attempts on
	// several machines count too. Without a customer it counts for the caller alone. If the Standing is Locked, nothing
	// was taken and the answer must not be checked.
	Try(ctx context.Context, a Attempt) Standing
	// GiveBack returns an attempt whose answer could not be checked, Wrong ends one whose answer was wrong. An attempt
	// that nothing ends is a failure too.
	GiveBack(ctx context.Context, a Attempt)
	Wrong(ctx context.Context, a Attempt)
	// Right returns an attempt whose answer was right, and forgets the customer's failures by the same method. Those by
	// other methods stay: who knows one secret must not guess another without end.
	Right(ctx context.Context, a Attempt)
	// Anonymous says whether the line's anonymous callers are locked: together they failed too often.
	Anonymous(ctx context.Context, line string) Standing
	// Unknown counts an identifier that no customer has. Locked means that the line's anonymous callers are locked now.
	Unknown(ctx context.Context, a Attempt) Standing
	// Named counts an identifier that a caller gave, known or not. It does nothing for a call without a number.
	Named(ctx context.Context, a Attempt, kind, value string)
	// StepFailed counts a failed step against the caller's number.
	StepFailed(ctx context.Context, number string)
	// Verified and NotGuessed no longer count the identifier that led to the customer: the caller was verified, or went
	// to a person without a wrong answer and without a code sent to the customer. Verified forgets a typing error before
	// it too.
	Verified(ctx context.Context, a Attempt)
	NotGuessed(ctx context.Context, a Attempt)
	// Ended counts a decided call for the line's alarm. It does not block.
	Ended(line string, failed bool)
}

// Attempt is one attempt at a customer's secrets.
type Attempt struct {
	Call, Line, Customer string
	// Caller is the caller's number (E.164), prefixed if it is hidden or forged, or empty.
	Caller string
	// Method is the secret that is asked for.
	Method event.Method
	// Suggested says that nothing but the caller's number names the customer: the caller may be somebody else.
	Suggested bool
	// Anonymous says that nothing is known about the caller's number: no customer has it, and nobody was verified with it.
	// Of a verified caller it says only that the number is not this customer's.
	Anonymous bool
}

// Standing says whether a customer or a number is locked.
type Standing struct {
	// Locked: no attempts are allowed.
	Locked bool
	// Caller says, of an attempt, that the caller's number is locked, not the customer.
	Caller bool
	// Suggested says that no more attempts are allowed by callers whose number alone suggests the customer. Of such an
	// attempt, Locked says it too.
	Suggested bool
	// Known says, of a caller's number, that somebody was verified with it lately.
	Known bool
	// Until is when the lock ends; zero means that a person must end it (countersign customers unlock).
	Until time.Time
}

// noGuard is the Guard of a Runner without one.
type noGuard struct{}

func (noGuard) Caller(context.Context, string) Standing        { return Standing{} }
func (noGuard) Customer(context.Context, string) Standing      { return Standing{} }
func (noGuard) Try(context.Context, Attempt) Standing          { return Standing{} }
func (noGuard) GiveBack(context.Context, Attempt)              {}
func (noGuard) Wrong(context.Context, Attempt)                 {}
func (noGuard) Anonymous(context.Context, string) Standing     { return Standing{} }
func (noGuard) Unknown(context.Context, Attempt) Standing      { return Standing{} }
func (noGuard) Right(context.Context, Attempt)                 {}
func (noGuard) Named(context.Context, Attempt, string, string) {}
func (noGuard) StepFailed(context.Context, string)             {}
func (noGuard) Verified(context.Context, Attempt)              {}
func (noGuard) NotGuessed(context.Context, Attempt)            {}
func (noGuard) Ended(string, bool)                             {}
