package guard

import (
	"context"
	"time"
)

// sends are the times at which one-time codes were sent to a number, oldest first and no more than a day may have.
type sends struct {
	At []time.Time `json:"at,omitempty"`
}

// again is from when on the rule "OTP sends" of policy.md allows another one.
func (s sends) again(r Rules) (at time.Time) {
	for _, rule := range []struct {
		count  int
		within time.Duration
	}{{1, r.SendsApart}, {r.Sends, r.SendsWithin}, {r.SendsPerDay, day}} {
		if n := len(s.At) - rule.count; n >= 0 {
			if end := s.At[n].Add(rule.within); end.After(at) {
				at = end
			}
		}
	}
	return at
}

func (s *sends) add(r Rules, at time.Time) {
	s.At = last(append(s.At, at), max(r.Sends, r.SendsPerDay))
}

// NotSent gives the last send back: the message did not go out.
func (g *Guard) NotSent(ctx context.Context, e164 string) {
	keep := func(sends) time.Duration { return max(day, g.rules.SendsWithin) }
	giveBack := func(s *sends) bool {
		if len(s.At) == 0 {
			return false
		}
		s.At = s.At[:len(s.At)-1]
		return true
	}
	edit(context.WithoutCancel(ctx), g.ledger, g.keys.key(kindSends, e164), keep, giveBack, giveBack)
}

// MaySend takes one of the sends that a number (E.164) has; false when none is left for now, and again is when there will be.
func (g *Guard) MaySend(ctx context.Context, e164 string) (ok bool, again time.Time) {
	now := g.now()
	keep := func(sends) time.Duration { return max(day, g.rules.SendsWithin) }
	done := edit(context.WithoutCancel(ctx), g.ledger, g.keys.key(kindSends, e164), keep,
		func(s *sends) bool {
			again = s.again(g.rules)
			if ok = !now.Before(again); ok {
				s.add(g.rules, now)
				again = s.again(g.rules)
			}
			return ok
		},
		func(s *sends) bool { s.add(g.rules, now); return true })
	if !done {
		return false, now.Add(g.rules.SendsApart)
	}
	return ok, again
}
