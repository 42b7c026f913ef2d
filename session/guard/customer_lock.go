package guard

import (
	"slices"
	"strings"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

// customer is the record of attempts at one customer's secrets: those not given back since the last success by the same
// method, oldest first. Locks are worked out from them, so an attempt given back takes its lock with it.
type customer struct {
	Failures []failure `json:"failures,omitempty"`
	// Cleared says up to when failures by a method were forgotten, so that an older copy cannot bring them back. Those of
	// everyMethod were forgotten when a person unlocked the customer.
	Cleared map[event.Method]time.Time `json:"cleared,omitempty"`
	// Returned are the ids of the last attempts given back while the Store was away, which may still have them. Only this
	// machine's copy has any.
	Returned []string `json:"returned,omitempty"`
}

// everyMethod is no method. Failures recorded by versions before 1.1 have it: any success forgets them.
const everyMethod event.Method = ""

// failure is an attempt that was not given back (yet). ID is unique and begins with the tag of its process.
type failure struct {
	At time.Time `json:"at"`
	ID string    `json:"id"`
	// Open: it may still be given back, by its process alone. It counts; but a copy of the record that another process
	// made does not know what became of it.
	Open bool `json:"open,omitempty"`
	// By is the method. Suggested: nothing but the caller's number named the customer.
	By        event.Method `json:"by,omitempty"`
	Suggested bool         `json:"suggested,omitempty"`
}

// standing is the rule of docs/policy.md#lockout. Failures of suggested callers count towards the total alone.
func (c customer) standing(r Rules, now time.Time) (st session.Standing) {
	if len(c.Failures) >= r.Total {
		return session.Standing{Locked: true, Suggested: true}
	}
	if c.expired(r, now) {
		return session.Standing{}
	}
	var own []failure
	for _, f := range c.Failures {
		if !f.Suggested {
			own = append(own, f)
		}
	}
	st.Suggested = len(c.Failures)-len(own) >= r.LockAfter
	var until time.Time
	lock, first := time.Duration(0), 0
	for i, f := range own {
		for f.At.Sub(own[first].At) >= r.LockWithin {
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
	if lock > 0 && now.Before(until) {
		return session.Standing{Locked: true, Suggested: true, Until: until}
	}
	return st
}

// expired says that the failures are too old to count.
func (c customer) expired(r Rules, now time.Time) bool {
	n := len(c.Failures)
	return n > 0 && n < r.Total && now.Sub(c.Failures[n-1].At) >= r.Forget
}

// try adds the attempt unless the customer is locked.
func (c *customer) try(r Rules, now time.Time, f failure) (st session.Standing) {
	st = c.standing(r, now)
	if st.Locked = st.Locked || f.Suggested && st.Suggested; st.Locked {
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
	if !c.insert(f) {
		return false
	}
	c.Failures = last(c.Failures, r.Total)
	return true
}

func (c *customer) insert(f failure) (changed bool) {
	if slices.ContainsFunc(c.Failures, func(o failure) bool { return o.ID == f.ID }) {
		return false
	}
	i := len(c.Failures)
	for i > 0 && c.Failures[i-1].At.After(f.At) {
		i--
	}
	c.Failures = slices.Insert(c.Failures, i, f)
	return true
}

// giveBack removes an attempt. Doing it twice changes nothing.
func (c *customer) giveBack(id string) (changed bool) {
	n := len(c.Failures)
	c.Failures = slices.DeleteFunc(c.Failures, func(f failure) bool { return f.ID == id })
	return len(c.Failures) < n
}

// giveBackHere is giveBack in this machine's copy, while the Store is away.
func (c *customer) giveBackHere(r Rules, id string) {
	c.giveBack(id)
	if id != "" {
		c.Returned = last(append(c.Returned, id), r.Total)
	}
}

// end says that an attempt is not given back any more.
func (c *customer) end(id string) (changed bool) {
	for i, f := range c.Failures {
		if f.ID == id && f.Open {
			c.Failures[i].Open = false
			return true
		}
	}
	return false
}

// forget removes the failures by a method, up to a time. The attempts of everyMethod go with any other.
func (c *customer) forget(by event.Method, upTo time.Time) (changed bool) {
	n := len(c.Failures)
	c.Failures = slices.DeleteFunc(c.Failures, func(f failure) bool {
		return (f.By == by || f.By == everyMethod || by == everyMethod) && !f.At.After(upTo)
	})
	if len(c.Failures) == n {
		return false
	}
	if c.Cleared == nil {
		c.Cleared = map[event.Method]time.Time{}
	}
	if upTo.After(c.Cleared[by]) {
		c.Cleared[by] = upTo.UTC()
	}
	return true
}

// latest is the time of the newest failure, but not before at: clocks of machines differ.
func (c *customer) latest(at time.Time) time.Time {
	if n := len(c.Failures); n > 0 && c.Failures[n-1].At.After(at) {
		return c.Failures[n-1].At
	}
	return at
}

// merge adds what this machine's copy of the record knew. An open attempt is added only if it is one of this process,
// whose ids begin with self: the copy may be older than the end of any other.
func (c *customer) merge(o customer, r Rules, self string) {
	for by, upTo := range o.Cleared {
		if upTo.After(c.Cleared[by]) {
			c.forget(by, upTo)
			if c.Cleared == nil {
				c.Cleared = map[event.Method]time.Time{}
			}
			c.Cleared[by] = upTo
		}
	}
	for _, id := range o.Returned {
		c.giveBack(id)
	}
	for _, f := range o.Failures {
		if c.cleared(f) || f.Open && !strings.HasPrefix(f.ID, self) {
			continue
		}
		if !c.insert(f) && !f.Open {
			c.end(f.ID)
		}
	}
	for i := len(c.Failures) - 1; i > 0; i-- { // a copy may be so old that they had been forgotten between
		if i < r.Total && c.Failures[i].At.Sub(c.Failures[i-1].At) >= r.Forget {
			c.Failures = c.Failures[i:]
			break
		}
	}
	c.Failures = last(c.Failures, r.Total)
}

// cleared says that a failure was forgotten.
func (c *customer) cleared(f failure) bool {
	for by, upTo := range c.Cleared {
		if (by == f.By || by == everyMethod || f.By == everyMethod) && !f.At.After(upTo) {
			return true
		}
	}
	return false
}

// keep is how long the Store keeps the record: for ever if a person must end the lock, or did. Machines that were away
// may come back with what they knew before.
func (c customer) keep(r Rules) time.Duration {
	_, unlocked := c.Cleared[everyMethod]
	switch n := len(c.Failures); {
	case n >= r.Total, unlocked:
		return shared.Forever
	case n == 0 && len(c.Cleared) == 0:
		return keepEmpty
	default:
		return r.Forget
	}
}
