package session

import (
	"context"
	"time"
)

// Guard counts attempts across calls and machines (policy.md, "Lockout", "Velocity"). It cannot fail: without its store it goes by what this process
// has seen. Its methods are called from many calls at once and return within a second.
type Guard interface {
	// Caller says whether a caller's number (E.164) has tried too much. Such a call goes to a person at once.
	Caller(ctx context.Context, number string) Standing
	// Customer says whether verification is switched off for a customer.
	Customer(ctx context.Context, id string) Standing
	// Try takes one attempt at a customer's secrets, before the answer is checked, so that attempts made at the same time on several machines count too. When
	// the Standing is Locked nothing was taken, and nothing may be checked.
	Try(ctx context.Context, a Attempt) Standing
	// GiveBack returns an attempt whose answer was right, or could not be checked. One that is not given back was a failure.
	GiveBack(ctx context.Context, a Attempt)
	// Named notes that a caller's number gave an identifier, known or not.
	Named(ctx context.Context, number, kind, value string)
	// StepFailed counts a failed step against the caller's number.
	StepFailed(ctx context.Context, number string)
	// Verified forgets the customer's failures and the identifier that led to them: a success resets the counters.
	Verified(ctx context.Context, a Attempt)
	// Ended counts a call of a line that was decided, for the line's alarm. It does not wait.
	Ended(line string, failed bool)
}

// Attempt says who tries what. Caller is the caller's number (E.164), with a word before it if it is hidden or forged, or empty.
type Attempt struct{ Call, Line, Customer, Caller string }

// Standing is what the Guard says about a customer or a number.
type Standing struct {
	// Locked: no attempts are allowed.
	Locked bool
	// Caller says, of an attempt, that it is not the customer but the caller's number that has tried too much.
	Caller bool
	// Until is when the lock ends by itself; zero means that a person must end it (countersign customers unlock).
	Until time.Time
}

// openDoor is the Guard of a Runner that was given none.
type openDoor struct{}

func (openDoor) Caller(context.Context, string) Standing       { return Standing{} }
func (openDoor) Customer(context.Context, string) Standing     { return Standing{} }
func (openDoor) Try(context.Context, Attempt) Standing         { return Standing{} }
func (openDoor) GiveBack(context.Context, Attempt)             {}
func (openDoor) Named(context.Context, string, string, string) {}
func (openDoor) StepFailed(context.Context, string)            {}
func (openDoor) Verified(context.Context, Attempt)             {}
func (openDoor) Ended(string, bool)                            {}
