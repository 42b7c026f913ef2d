// Package unlock ends the lock of a customer, or of a caller's number, after too many attempts. It counts on all
// machines, and adds an entry to the audit log. The operator has made sure first who the customer is.
package unlock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/session"
	"countersign/session/guard"
	"countersign/store/audit"
)

// Guard keeps attempts and locks: a *guard.Guard.
type Guard interface {
	Attempts(ctx context.Context, customer string) (guard.Attempts, error)
	Unlock(ctx context.Context, customer string) (was bool, err error)
	CallerLocked(ctx context.Context, number string) (locked bool, err error)
	UnlockCaller(ctx context.Context, number string) (was bool, err error)
}

// Options are the parts that unlocking needs.
type Options struct {
	Guard Guard
	// Known says whether a customer is in the local directory.
	Known func(ctx context.Context, customer string) (bool, error)
	// Alias is a customer's name in the audit log.
	Alias func(customer string) string
	// Audit adds an entry, in the name of the author.
	Audit func(ctx context.Context, e audit.Entry) error
	// DryRun changes nothing.
	DryRun bool
}

// Result is the state of a customer before, and whether they are unlocked now.
type Result struct {
	Customer string `json:"customer"`
	// Failures are the wrong answers since the last success.
	Failures int `json:"failures"`
	// Locked says whether there was a lock, Until when it would have ended; nil if only a person can end it.
	Locked   bool       `json:"locked"`
	Until    *time.Time `json:"until,omitempty"`
	Unlocked bool       `json:"unlocked"`
}

// ErrNobody is a customer who is neither in the local directory nor has wrong answers on record.
var ErrNobody = errors.New("nobody is known by this id")

// Customer clears a customer's wrong answers. Who is not in the local directory, such as a customer of the company's
// own system, can be unlocked as well; ErrNobody is for those without wrong answers. It fails while NATS is away. An
// error with Unlocked set means that it is done, but not in the audit log.
func Customer(ctx context.Context, o Options, customer string) (Result, error) {
	a, err := o.Guard.Attempts(ctx, customer)
	if err != nil {
		return Result{}, err
	}
	r := Result{Customer: customer, Failures: a.Failures, Locked: a.Locked}
	if !a.Until.IsZero() {
		r.Until = &a.Until
	}
	if a.Failures == 0 {
		known, err := o.Known(ctx, customer)
		if err == nil && !known {
			err = ErrNobody
		}
		return r, err
	}
	if o.DryRun {
		return r, nil
	}
	if _, err := o.Guard.Unlock(ctx, customer); err != nil {
		return Result{}, err
	}
	r.Unlocked = true
	detail := fmt.Sprintf("%d wrong answers", r.Failures)
	return r, o.Audit(ctx, audit.Entry{Action: audit.Unlocked, Object: o.Alias(customer), Detail: detail})
}

// NumberResult is the state of a caller's number before, and whether it is unlocked now.
type NumberResult struct {
	// Locked says whether it was locked.
	Locked, Unlocked bool
}

// Number clears the attempts of a caller's number (E.164). Its errors are those of Customer.
func Number(ctx context.Context, o Options, number string) (NumberResult, error) {
	if o.DryRun {
		locked, err := o.Guard.CallerLocked(ctx, number)
		return NumberResult{Locked: locked}, err
	}
	was, err := o.Guard.UnlockCaller(ctx, number)
	if err != nil {
		return NumberResult{}, err
	}
	entry := audit.Entry{Action: audit.Unlocked, Object: "number …" + session.LastFour(number)}
	return NumberResult{Locked: was, Unlocked: true}, o.Audit(ctx, entry)
}
