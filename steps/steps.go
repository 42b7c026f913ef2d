// Package steps holds the ways to identify and verify a caller, one file each, and the prompts around them. It decides
// what to ask and whether the answer is right; it knows no socket, no SQL and no NATS. A step is configuration, shared
// by all calls of a line.
package steps

import (
	"context"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// Directory holds the customers. Its methods are called from many calls at once. An error means that it is unavailable:
// never the caller's failure.
type Directory interface {
	// ByPhone finds all customers with that telephone number (E.164) on file. One without an id is there in place of
	// those whose records could not be read: the number is shared, and nobody can be that customer.
	ByPhone(ctx context.Context, e164 string) ([]session.Customer, error)
	// ByIdentifier finds the one customer with that identifier; kind is such as "account".
	ByIdentifier(ctx context.Context, kind, value string) (c session.Customer, found bool, err error)
	// ByKeypad finds all customers with an identifier for which a caller keys these digits, as session.Keypad has them:
	// 22 for AB, BA, … and 22. One without an id is as in ByPhone.
	ByKeypad(ctx context.Context, kind, keys string) ([]session.Customer, error)
	// ByID finds a customer who was identified earlier.
	ByID(ctx context.Context, id string) (c session.Customer, found bool, err error)
	// Check says whether answer is the customer's secret of that kind: "pin", "birth_date" (YYYYMMDD), "passphrase" (as
	// session.Words writes it), or the name of a numeric fact. It does not keep answer, and takes the same time for
	// customers that do not exist.
	Check(ctx context.Context, customer, kind string, answer session.Secret) (ok bool, err error)
	// CheckTOTP says whether that is the customer's time-based code at this time, give or take one time step, and returns
	// its time step. It does not check whether the code was used before.
	CheckTOTP(ctx context.Context, customer string, code session.Secret, at time.Time) (step int64, ok bool, err error)
	// Phones returns the customer's telephone numbers on file.
	Phones(ctx context.Context, customer string) ([]session.Phone, error)
	// Emails returns the customer's e-mail addresses on file.
	Emails(ctx context.Context, customer string) ([]session.Email, error)
	// AddPhone puts a number on file.
	AddPhone(ctx context.Context, customer, e164 string) error
}

// Selective is a step that does not accept just any digits of its length. Code that runs calls without callers needs to
// know which keys it accepts.
type Selective interface {
	session.Step
	// PossibleKeys returns keys that can be an answer, right or wrong; empty if there are none. region is the line's.
	PossibleKeys(region string) string
}

// Sends limits the one-time codes that a customer and a destination get (docs/policy.md#otp-sends).
type Sends interface {
	// MaySend takes one of the customer's sends and one of the destination's; ok is false if none is left. again is when
	// the next one is allowed.
	MaySend(ctx context.Context, s session.Sending) (ok bool, again time.Time)
	// NotSent gives the last send back after the code could not be sent.
	NotSent(ctx context.Context, s session.Sending)
}

// Sender sends one-time codes one way, such as by text message.
type Sender interface {
	// Send hands the code over to the network. An error means that it was not sent, or, if it is that of a context, that
	// nobody knows.
	Send(ctx context.Context, m session.Message) error
}

// Receipts are what gateways say about the codes that they have sent.
type Receipts interface {
	// Reference makes a name for a sending, which the gateway repeats.
	Reference() string
	// State is what the gateway has said about a sending; false if nothing yet, or if that cannot be known now.
	State(ctx context.Context, reference string) (state event.CodeState, known bool)
}

// Once makes things single-use, on all machines together.
type Once interface {
	// Use says whether this is the first use, and forgets it after keep.
	Use(ctx context.Context, what string, keep time.Duration) (first bool, err error)
}
