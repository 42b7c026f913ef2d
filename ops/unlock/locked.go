package unlock

import (
	"time"

	"countersign/session/event"
	"countersign/session/guard"
)

// Lock is the lock of a customer: since when and until when, and why.
type Lock struct {
	Customer string `json:"customer"`
	// Locked says that nobody can prove to be the customer; SuggestedOnly, that callers cannot whose number alone names
	// the customer, while others can.
	Locked        bool `json:"locked"`
	SuggestedOnly bool `json:"suggested_only,omitempty"`
	// Until is when the lock ends; nil if only a person can end it, or if there is none.
	Until *time.Time `json:"until,omitempty"`
	// Failures are the wrong answers since the last success, which are why; Last is when the last of them was given.
	Failures int        `json:"failures"`
	Last     *time.Time `json:"last,omitempty"`
	// Methods are what was answered wrongly.
	Methods []event.Method `json:"methods,omitempty"`
}

// LockOf describes the attempts at a customer's secrets.
func LockOf(customer string, a guard.Attempts) Lock {
	l := Lock{Customer: customer, Locked: a.Locked, Failures: a.Failures, Methods: a.By}
	l.SuggestedOnly = a.Suggested && !a.Locked
	switch {
	case l.SuggestedOnly && !a.Forgotten.IsZero():
		l.Until = &a.Forgotten
	case !a.Until.IsZero():
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
