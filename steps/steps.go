// Package steps holds the ways to identify and verify a caller, one file each, and what is said around them. It answers
// "what do we ask, and is the answer right"; it knows no socket, no SQL and no NATS. A step is configuration, shared by
// every call of a line.
package steps

import (
	"context"
	"time"

	"countersign/session"
)

// Directory knows the customers. Its methods are called from many calls at once. An error means that it could not be
// asked: never the caller's failure.
type Directory interface {
	// ByPhone finds everybody who has that telephone number (E.164) on file.
	ByPhone(ctx context.Context, e164 string) ([]session.Customer, error)
	// ByIdentifier finds the one customer with that identifier of that kind, such as an "account".
	ByIdentifier(ctx context.Context, kind, value string) (c session.Customer, found bool, err error)
	// ByID finds a customer who was identified earlier.
	ByID(ctx context.Context, id string) (c session.Customer, found bool, err error)
	// Check says whether that is the customer's secret of that kind: "pin", "birth_date" (YYYYMMDD), "passphrase" (as
	// Words writes it), or the name of a numeric fact. It does not keep answer, and takes the same time for customers
	// that do not exist.
	Check(ctx context.Context, customer, kind string, answer session.Secret) (ok bool, err error)
	// CheckTOTP says whether that is the customer's time-based code at this time, give or take one step, and which time
	// step it belongs to. Whether it has been used before is for the caller to find out.
	CheckTOTP(ctx context.Context, customer string, code session.Secret, at time.Time) (step int64, ok bool, err error)
	// Phones are the telephone numbers of a customer that are on file.
	Phones(ctx context.Context, customer string) ([]session.Phone, error)
	// AddPhone puts a number on file.
	AddPhone(ctx context.Context, customer, e164 string) error
}

// Selective is a step that does not take any digits of the right number for an answer. Whoever runs calls without
// callers needs to know what it takes.
type Selective interface {
	session.Step
	// PossibleKeys are keys that can be an answer, right or wrong, or empty if there are none. region is the line's.
	PossibleKeys(region string) string
}

// Sends counts the one-time codes that are sent to a number (policy.md, "OTP sends"). Sender sends them.
type Sends interface {
	// MaySend takes one of the sends that a number (E.164) has; false when none is left for now. again is when there
	// will be.
	MaySend(ctx context.Context, e164 string) (ok bool, again time.Time)
	// NotSent gives one back, because the message did not go out.
	NotSent(ctx context.Context, e164 string)
}

// Sender sends a text message to a telephone.
type Sender interface {
	// Send hands the message to the network. An error means that it was not sent.
	Send(ctx context.Context, m session.Message) error
}

// Once makes sure that something is used only once, on all machines together.
type Once interface {
	// Use says whether this is the first use. It forgets after keep.
	Use(ctx context.Context, what string, keep time.Duration) (first bool, err error)
}
