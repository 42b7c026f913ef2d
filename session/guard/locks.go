package guard

import (
	"context"
	"fmt"
)

// Locks are the customers that were locked at a moment, also those who are locked only for callers whose number alone
// suggests them (session.Standing). The Store has no ids: a lock is found by asking for one.
type Locks struct {
	keys  keyer
	byKey map[string]Attempts
}

// Locks reads all locks of customers for an administrator. It fails while the Store is unavailable.
func (g *Guard) Locks(ctx context.Context) (*Locks, error) {
	values, err := g.store.All(ctx, kindCustomer)
	if err != nil {
		return nil, fmt.Errorf("read the locks: %w", err)
	}
	l := &Locks{keys: g.keys, byKey: map[string]Attempts{}}
	for key, value := range values {
		if a := g.attempts(value); a.Locked || a.Suggested {
			l.byKey[key] = a
		}
	}
	return l, nil
}

// Len is the number of locks.
func (l *Locks) Len() int { return len(l.byKey) }

// Of is the lock of a customer; false if there is none.
func (l *Locks) Of(id string) (Attempts, bool) {
	a, ok := l.byKey[l.keys.key(kindCustomer, id)]
	return a, ok
}
