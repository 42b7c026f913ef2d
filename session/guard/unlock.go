package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

// Attempts describes the attempts at a customer's secrets.
type Attempts struct {
	// Failures counts those since the last success.
	Failures int
	// Last is the time of the last failure; zero if there is none.
	Last time.Time
	// By are the methods that failed, in their order and each once; failures of versions before 1.1 have none.
	By []event.Method
	// Forgotten is when failures count no more if none is added; zero if a person must clear them, or there are none.
	Forgotten time.Time
	session.Standing
}

// Attempts reads a customer's attempts for an administrator. Unlike Customer it fails while the Store is unavailable.
func (g *Guard) Attempts(ctx context.Context, id string) (Attempts, error) {
	value, _, err := g.store.Get(ctx, g.keys.key(kindCustomer, id))
	if err != nil && !errors.Is(err, shared.ErrNotFound) {
		return Attempts{}, fmt.Errorf("read the attempts at customer %s: %w", id, err)
	}
	return g.attempts(value), nil
}

// attempts are those of a customer's record.
func (g *Guard) attempts(value []byte) Attempts {
	c, now := decodeRecord[customer](g.records, value), g.now()
	if c.expired(g.rules.get(), now) {
		c = customer{}
	}
	a := Attempts{Failures: len(c.Failures), Standing: c.standing(g.rules.get(), now)}
	if a.Failures > 0 {
		a.Last = c.Failures[a.Failures-1].At
	}
	if a.Failures > 0 && a.Failures < g.rules.get().Total {
		a.Forgotten = a.Last.Add(g.rules.get().Forget)
	}
	for _, f := range c.Failures {
		if f.By != everyMethod && !slices.Contains(a.By, f.By) {
			a.By = append(a.By, f.By)
		}
	}
	return a
}

// CallerLocked says for an administrator whether a caller's number (E.164) is locked. Unlike Caller it fails while the
// Store is unavailable.
func (g *Guard) CallerLocked(ctx context.Context, number string) (locked bool, err error) {
	value, _, err := g.store.Get(ctx, g.keys.key(kindCaller, number))
	if err != nil && !errors.Is(err, shared.ErrNotFound) {
		return false, fmt.Errorf("read the attempts of a number: %w", err)
	}
	return decodeRecord[caller](g.records, value).standing(g.rules.get().of(number), g.now()).Locked, nil
}

// UnlockCaller clears the record of a caller's number (E.164) on all machines. was says whether it was locked. It fails
// while the Store is unavailable.
func (g *Guard) UnlockCaller(ctx context.Context, number string) (was bool, err error) {
	clear := recordChange(g.records, g.keepCaller, func(c *caller) bool {
		was = c.standing(g.rules.get().of(number), g.now()).Locked
		changed := len(c.Failed)+len(c.Identifiers) > 0
		*c = caller{Cleared: g.now().UTC(), Verified: c.Verified}
		return changed
	})
	if err := g.swapNow(ctx, g.keys.key(kindCaller, number), clear); err != nil {
		return false, fmt.Errorf("unlock a number: %w", err)
	}
	return was, nil
}

// Unlock clears a customer's failures on all machines, after a person has checked who it is or when the customer is
// erased. was says whether there was a lock. It fails while the Store is unavailable.
func (g *Guard) Unlock(ctx context.Context, id string) (was bool, err error) {
	clear := recordChange(g.records, g.keepCustomer, func(c *customer) bool {
		was = c.standing(g.rules.get(), g.now()).Locked
		return c.forget(everyMethod, c.latest(g.now()))
	})
	if err := g.swapNow(ctx, g.keys.key(kindCustomer, id), clear); err != nil {
		return false, fmt.Errorf("unlock customer %s: %w", id, err)
	}
	return was, nil
}

// swapNow changes a record in the Store, or fails.
func (g *Guard) swapNow(ctx context.Context, key string, c change) error {
	done, err := g.records.swap(ctx, key, c, g.records.writeDeadline())
	if err == nil && !done {
		err = errBusy
	}
	return err
}
