package guard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countersign/session"
	"countersign/session/shared"
)

// Attempts is what is known about attempts at a customer's secrets.
type Attempts struct {
	// Failures are those since the last success.
	Failures int
	// Last is when the last of them was; zero if there is none.
	Last time.Time
	session.Standing
}

// Attempts tells how a customer stands, for somebody who asks. Other than Customer it fails while the Store is away.
func (g *Guard) Attempts(ctx context.Context, id string) (Attempts, error) {
	value, _, err := g.store.Get(ctx, g.keys.key(kindCustomer, id))
	if err != nil && !errors.Is(err, shared.ErrNotFound) {
		return Attempts{}, fmt.Errorf("read the attempts at customer %s: %w", id, err)
	}
	c, now := read[customer](g.ledger, value), g.now()
	if c.forgotten(g.rules, now) {
		c = customer{}
	}
	a := Attempts{Failures: len(c.Failures), Standing: c.standing(g.rules, now)}
	if a.Failures > 0 {
		a.Last = c.Failures[a.Failures-1].At
	}
	return a, nil
}

// UnlockCaller forgets what a caller's number (E.164) tried, on all machines. was says whether it was turned away. It fails while the Store is away.
func (g *Guard) UnlockCaller(ctx context.Context, number string) (was bool, err error) {
	keep := func(c caller) time.Duration { return c.keep(g.rules) }
	clear := recordChange(g.ledger, keep, func(c *caller) bool {
		was = c.standing(g.rules, g.now()).Locked
		there := len(c.Failed)+len(c.Named) > 0
		*c = caller{}
		return there
	})
	done, err := g.ledger.swap(ctx, g.keys.key(kindCaller, number), clear, g.ledger.lastTry())
	if err == nil && !done {
		err = errBusy
	}
	if err != nil {
		return false, fmt.Errorf("unlock a number: %w", err)
	}
	return was, nil
}

// Unlock forgets a customer's failures, on all machines: a person has made sure who it is, or the customer is erased. was says whether there was a lock. It
// fails while the Store is away.
func (g *Guard) Unlock(ctx context.Context, id string) (was bool, err error) {
	clear := recordChange(g.ledger, g.keepCustomer, func(c *customer) bool {
		was = c.standing(g.rules, g.now()).Locked
		there := len(c.Failures) > 0
		c.Failures = nil
		return there
	})
	done, err := g.ledger.swap(ctx, g.keys.key(kindCustomer, id), clear, g.ledger.lastTry())
	if err == nil && !done {
		err = errBusy
	}
	if err != nil {
		return false, fmt.Errorf("unlock customer %s: %w", id, err)
	}
	return was, nil
}
