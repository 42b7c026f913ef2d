package guard

import (
	"slices"
	"time"

	"countersign/session"
)

// caller is the record of a caller's number: its last failed steps and the last distinct identifiers it gave, oldest
// first, no more than the rules count.
type caller struct {
	Failed      []time.Time  `json:"failed,omitempty"`
	Identifiers []identifier `json:"named,omitempty"`
	// Cleared is when a person unlocked the number last.
	Cleared time.Time `json:"cleared,omitzero"`
	// Verified is when a caller with the number was verified last. Such a number is not anonymous.
	Verified time.Time `json:"verified,omitzero"`
}

const (
	// knownFor is how long a number is known after a caller with it was verified; notedAgain is when it is noted again.
	knownFor   = 30 * day
	notedAgain = day
)

// known says that a caller with the number was verified lately.
func (c caller) known(now time.Time) bool {
	return !c.Verified.IsZero() && now.Sub(c.Verified) < knownFor
}

// verified notes it.
func (c *caller) verified(now time.Time) (changed bool) {
	if now.Sub(c.Verified) < notedAgain {
		return false
	}
	c.Verified = now.UTC()
	return true
}

// identifier is an identifier that the caller gave, as a tag. More counts the calls that gave it after the first.
type identifier struct {
	At   time.Time `json:"at"`
	Tag  string    `json:"tag"`
	More int       `json:"more,omitempty"`
}

// burst multiplies the limits for calls that run already: calls that begin together all pass the check at their start,
// and one caller may mistype.
const burst = 2

// standingInCall is the standing of a call that has begun.
func (c caller) standingInCall(r Rules, now time.Time) session.Standing {
	r.CallerSteps *= burst
	r.CallerNames *= burst
	st := c.standing(r, now)
	st.Caller = st.Locked
	return st
}

// standing is the rule of docs/policy.md#velocity-per-callers-number.
func (c caller) standing(r Rules, now time.Time) session.Standing {
	var until time.Time
	if n := len(c.Failed) - r.CallerSteps; n >= 0 {
		until = c.Failed[n].Add(r.CallerStepsWithin)
	}
	if n := len(c.Identifiers) - r.CallerNames; n >= 0 {
		if end := c.Identifiers[n].At.Add(r.CallerNamesWithin); end.After(until) {
			until = end
		}
	}
	if !now.Before(until) {
		return session.Standing{Known: c.known(now)}
	}
	return session.Standing{Locked: true, Until: until}
}

func (c *caller) stepFailed(r Rules, at time.Time) {
	c.Failed = append(c.Failed, at)
	slices.SortFunc(c.Failed, time.Time.Compare)
	c.Failed = last(c.Failed, burst*r.CallerSteps)
}

// addIdentifier adds an identifier that one more call gave. One that is there already gets the later time.
func (c *caller) addIdentifier(r Rules, i identifier) {
	for _, o := range c.Identifiers {
		if o.Tag == i.Tag {
			i.More = o.More + 1
			if o.At.After(i.At) {
				i.At = o.At
			}
		}
	}
	c.removeIdentifiers([]string{i.Tag})
	c.Identifiers = append(c.Identifiers, i)
	slices.SortStableFunc(c.Identifiers, func(a, b identifier) int { return a.At.Compare(b.At) })
	c.Identifiers = last(c.Identifiers, burst*r.CallerNames)
}

func (c *caller) removeIdentifiers(tags []string) (changed bool) {
	n := len(c.Identifiers)
	c.Identifiers = slices.DeleteFunc(c.Identifiers, func(o identifier) bool { return slices.Contains(tags, o.Tag) })
	return len(c.Identifiers) < n
}

// notGuessed takes back that one call gave an identifier. It stays if other calls gave it too.
func (c *caller) notGuessed(tag string) (changed bool) {
	for i, o := range c.Identifiers {
		if o.Tag == tag && o.More > 0 {
			c.Identifiers[i].More--
			return true
		}
	}
	return c.removeIdentifiers([]string{tag})
}

// merge adds what another copy of the record knew.
func (c *caller) merge(o caller) {
	if o.Cleared.After(c.Cleared) {
		c.clear(o.Cleared)
	}
	if o.Verified.After(c.Verified) {
		c.Verified = o.Verified
	}
	for _, at := range o.Failed {
		if at.After(c.Cleared) && !slices.ContainsFunc(c.Failed, at.Equal) {
			c.Failed = append(c.Failed, at)
		}
	}
	slices.SortFunc(c.Failed, time.Time.Compare)
	for _, i := range o.Identifiers {
		there := slices.ContainsFunc(c.Identifiers, func(o identifier) bool { return o.Tag == i.Tag && !o.At.Before(i.At) })
		if i.At.After(c.Cleared) && !there {
			c.removeIdentifiers([]string{i.Tag})
			c.Identifiers = append(c.Identifiers, i)
		}
	}
	slices.SortStableFunc(c.Identifiers, func(a, b identifier) int { return a.At.Compare(b.At) })
}

// clear forgets everything up to a time.
func (c *caller) clear(upTo time.Time) {
	c.Failed = slices.DeleteFunc(c.Failed, func(at time.Time) bool { return !at.After(upTo) })
	c.Identifiers = slices.DeleteFunc(c.Identifiers, func(i identifier) bool { return !i.At.After(upTo) })
	c.Cleared = upTo.UTC()
}

// keep is how long the Store keeps the record.
func (c caller) keep(r Rules) time.Duration {
	if !c.Verified.IsZero() {
		return max(knownFor, r.CallerStepsWithin, r.CallerNamesWithin)
	}
	if len(c.Failed)+len(c.Identifiers) == 0 && c.Cleared.IsZero() {
		return keepEmpty
	}
	return max(r.CallerStepsWithin, r.CallerNamesWithin)
}

func last[T any](s []T, n int) []T { return s[max(0, len(s)-n):] }
