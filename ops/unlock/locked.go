package unlock

import (
	"time"

	"countersign/session/guard"
)

// Lock is the lock of a customer: since when and until when, and why.
type Lock struct {
	Customer string `json:"customer"`
	Locked   bool   `json:"locked"`
	// Until is when the lock ends; nil if only a person can end it, or if there is none.
	Until *time.Time `json:"until,omitempty"`
	// Failures are the wrong answers since the last success, which are why; Last is when the last of them was given.
	Failures int        `json:"failures"`
	Last     *time.Time `json:"last,omitempty"`
}

// LockOf describes the attempts at a customer's secrets.
func LockOf(customer string, a guard.Attempts) Lock {
	l := Lock{Customer: customer, Locked: a.Locked, Failures: a.Failures}
	if !a.Until.IsZero() {
		l.Until = &a.Until
	}
	if !a.Last.IsZero() {
		l.Last = &a.Last
	}
	return l
}

// Locked are those of the ids that are locked, in their order and each once, and how many more locks there are, of
// customers who are not among them.
func Locked(locks *guard.Locks, ids []string) (all []Lock, more int) {
	seen := map[string]bool{}
	for _, id := range ids {
		if a, ok := locks.Of(id); ok && !seen[id] {
			seen[id] = true
			all = append(all, LockOf(id, a))
		}
	}
	return all, locks.Len() - len(all)
}
