// Package unlock lets a customer prove who they are again, or a caller's number call again, after too many tries. It
// counts on all machines, and leaves an entry in the audit log. Whoever unlocks has made sure first who it is.
package unlock

import (
	"context"
	"fmt"
	"time"

	"countersign/session"
	"countersign/session/guard"
	"countersign/store/audit"
)

// Guard is what keeps attempts and locks: a *guard.Guard.
type Guard interface {
	Attempts(ctx context.Context, customer string) (guard.Attempts, error)
	Unlock(ctx context.Context, customer string) (was bool, err error)
	Caller(ctx context.Context, number string) session.Standing
	UnlockCaller(ctx context.Context, number string) (was bool, err error)
}

// Options are what it works with.
type Options struct {
	Guard Guard
	// Alias is a customer's name in the audit log.
	Alias func(customer string) string
	// Audit leaves an entry, and adds who did it.
	Audit func(ctx context.Context, e audit.Entry) error
	// DryRun changes nothing.
	DryRun bool
}

// Result is how a customer stood, and whether they are unlocked now.
type Result struct {
	Customer string `json:"customer"`
	// Failures are the wrong answers since the last success.
	Failures int `json:"failures"`
	// Locked says whether there was a lock, Until when it would have ended by itself; nil if only a person ends it.
	Locked   bool       `json:"locked"`
	Until    *time.Time `json:"until,omitempty"`
	Unlocked bool       `json:"unlocked"`
}

// Customer forgets a customer's wrong answers. They need not be in the local directory. It fails while NATS is away.
// An error beside Unlocked says that it is done, and that the audit log does not say so.
func Customer(ctx context.Context, o Options, customer string) (Result, error) {
	a, err := o.Guard.Attempts(ctx, customer)
	if err != nil {
		return Result{}, err
	}
	r := Result{Customer: customer, Failures: a.Failures, Locked: a.Locked}
	if !a.Until.IsZero() {
		r.Until = &a.Until
	}
	if o.DryRun || a.Failures == 0 {
		return r, nil
	}
	if _, err := o.Guard.Unlock(ctx, customer); err != nil {
		return Result{}, err
	}
	r.Unlocked = true
	detail := fmt.Sprintf("%d wrong answers", r.Failures)
	return r, o.Audit(ctx, audit.Entry{Action: audit.Unlocked, Object: o.Alias(customer), Detail: detail})
}

// NumberResult is how a caller's number stood, and whether it is unlocked now.
type NumberResult struct {
	// Locked says whether it was turned away.
	Locked, Unlocked bool
}

// Number forgets what a caller's number (E.164) tried. Its errors are as Customer's.
func Number(ctx context.Context, o Options, number string) (NumberResult, error) {
	if o.DryRun {
		return NumberResult{Locked: o.Guard.Caller(ctx, number).Locked}, nil
	}
	was, err := o.Guard.UnlockCaller(ctx, number)
	if err != nil {
		return NumberResult{}, err
	}
	entry := audit.Entry{Action: audit.Unlocked, Object: "number …" + session.LastFour(number)}
	return NumberResult{Locked: was, Unlocked: true}, o.Audit(ctx, entry)
}
