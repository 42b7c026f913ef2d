package guard

import (
	"slices"
	"time"

	"countersign/session"
)

// caller is what is kept about a caller's number: its last failed steps and the last different identifiers that it named, oldest first and no more
// than the rules count.
type caller struct {
	Failed []time.Time `json:"failed,omitempty"`
	Named  []naming    `json:"named,omitempty"`
}

// naming is an identifier that was named, as a tag.
type naming struct {
	At  time.Time `json:"at"`
	Tag string    `json:"tag"`
}

// burst is how many times as much as turns calls away at their beginning ends those that go on already: they began together, before there was anything to
// see, and one caller may mistype.
const burst = 2

// inACall is the standing of a call that has begun.
func (c caller) inACall(r Rules, now time.Time) session.Standing {
	r.CallerSteps *= burst
	r.CallerNames *= burst
	st := c.standing(r, now)
	st.Caller = st.Locked
	return st
}

// standing is the rule "Velocity per ANI" of policy.md.
func (c caller) standing(r Rules, now time.Time) session.Standing {
	var until time.Time
	if n := len(c.Failed) - r.CallerSteps; n >= 0 {
		until = c.Failed[n].Add(r.CallerStepsWithin)
	}
	if n := len(c.Named) - r.CallerNames; n >= 0 {
		if end := c.Named[n].At.Add(r.CallerNamesWithin); end.After(until) {
			until = end
		}
	}
	if !now.Before(until) {
		return session.Standing{}
	}
	return session.Standing{Locked: true, Until: until}
}

func (c *caller) stepFailed(r Rules, at time.Time) {
	c.Failed = append(c.Failed, at)
	slices.SortFunc(c.Failed, time.Time.Compare)
	c.Failed = last(c.Failed, burst*r.CallerSteps)
}

// name notes an identifier. One that was named before only becomes younger.
func (c *caller) name(r Rules, n naming) {
	for _, o := range c.Named {
		if o.Tag == n.Tag && o.At.After(n.At) {
			n.At = o.At
		}
	}
	c.forget([]string{n.Tag})
	c.Named = append(c.Named, n)
	slices.SortStableFunc(c.Named, func(a, b naming) int { return a.At.Compare(b.At) })
	c.Named = last(c.Named, burst*r.CallerNames)
}

// forget removes identifiers, because the caller turned out to be who they said.
func (c *caller) forget(tags []string) (changed bool) {
	n := len(c.Named)
	c.Named = slices.DeleteFunc(c.Named, func(o naming) bool { return slices.Contains(tags, o.Tag) })
	return len(c.Named) < n
}

func (c caller) keep(r Rules) time.Duration {
	if len(c.Failed)+len(c.Named) == 0 {
		return briefly
	}
	return max(r.CallerStepsWithin, r.CallerNamesWithin)
}

func last[T any](s []T, n int) []T { return s[max(0, len(s)-n):] }
