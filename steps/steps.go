// Package steps holds the ways to identify and verify a caller, one file each, and what is said around them. It answers "what do we ask, and is the
// answer right"; it knows no socket, no SQL and no NATS. A step is configuration, shared by every call of a line.
package steps

import (
	"context"

	"countersign/session"
)

// Directory knows the customers. Its methods are called from many calls at once. An error means that it could not be asked: never the caller's failure.
type Directory interface {
	// ByPhone finds everybody who has that telephone number (E.164) on file.
	ByPhone(ctx context.Context, e164 string) ([]session.Customer, error)
	// ByIdentifier finds the one customer with that identifier of that kind, such as an "account".
	ByIdentifier(ctx context.Context, kind, value string) (c session.Customer, found bool, err error)
	// CheckPIN says whether that is the customer's PIN. It does not keep pin, and takes the same time for customers that do not exist.
	CheckPIN(ctx context.Context, customer string, pin session.Secret) (ok bool, err error)
}
