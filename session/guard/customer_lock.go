package guard

import (
	"slices"
	"strings"
	"time"

	"countersign/session"
	"countersign/session/shared"
)

// customer is the record of attempts at one customer's secrets: those not given back since the last success, oldest
// first. Locks are worked out from them, so an attempt given back takes its lock with it.
type customer struct {
	Failures []failure `json:"failures,omitempty"`
}

// failure is an attempt that was not given back (yet). ID is unique and begins with the tag of its call.
type failure struct {
	At time.Time `json:"at"`
	ID string    `json:"id"`
}

// standing is the rule of docs/policy.md#lockout.
func (c customer) standing(r Rules, now time.Time) session.Standing {
	if len(c.Failures) >= r.Total {
		return session.Standing{Locked: true}
	}
	if c.expired(r, now) {
		return session.Standing{}
	}
	var until time.Time
	lock, first := time.Duration(0), 0
	for i, f := range c.Failures {
		for f.At.Sub(c.Failures[first].At) >= r.LockWithin {
			first++
		}
		switch {
		case lock > 0:
			lock = min(2*lock, r.LockMost)
		case i-first+1 >= r.LockAfter:
			lock = r.Lock
		}
		if end := f.At.Add(lock); end.After(until) {
			until = end
		}
	}
	if lock == 0 || !now.Before(until) {
		return session.Standing{}
	}
	return session.Standing{Locked: true, Until: until}
}

// expired says that the failures are too old to count.
func (c customer) expired(r Rules, now time.Time) bool {
	n := len(c.Failures)
	return n > 0 && n < r.Total && now.Sub(c.Failures[n-1].At) >= r.Forget
}

// try adds the attempt unless the customer is locked.
func (c *customer) try(r Rules, now time.Time, f failure) (st session.Standing) {
	if st = c.standing(r, now); st.Locked {
		return st
	}
	if c.expired(r, now) {
		c.Failures = nil
	}
	c.add(r, f)
	return st
}

// add adds an attempt that was made, locked or not. Adding it twice changes nothing.
func (c *customer) add(r Rules, f failure) (changed bool) {
	if slices.ContainsFunc(c.Failures, func(o failure) bool { return o.ID == f.ID }) {
		return false
	}
	i := len(c.Failures)
	for i > 0 && c.Failures[i-1].At.After(f.At) {
		i--
	}
	c.Failures = slices.Insert(c.Failures, i, f)
	if more := len(c.Failures) - r.Total; more > 0 {
		c.Failures = slices.Delete(c.Failures, 0, more)
	}
	return true
}

// giveBack removes the last attempt of a call.
func (c *customer) giveBack(call string) (changed bool) {
	for i := len(c.Failures) - 1; i >= 0; i-- {
		if strings.HasPrefix(c.Failures[i].ID, call) {
			c.Failures = slices.Delete(c.Failures, i, i+1)
			return true
		}
	}
	return false
}

// reset removes the attempts made up to a time.
func (c *customer) reset(upTo time.Time) (changed bool) {
	n := len(c.Failures)
	c.Failures = slices.DeleteFunc(c.Failures, func(f failure) bool { return !f.At.After(upTo) })
	return len(c.Failures) < n
}

// keep is how long the Store keeps the record: until it is changed if only a person may end the lock.
func (c customer) keep(r Rules) time.Duration {
	switch n := len(c.Failures); {
	case n == 0:
		return keepEmpty
	case n >= r.Total:
		return shared.Forever
	default:
		return r.Forget
	}
}
