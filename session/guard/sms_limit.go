package guard

import (
	"context"
	"slices"
	"time"
)

// sends is the record of a number's one-time codes: when they were sent, oldest first, no more than a day allows.
type sends struct {
	At []time.Time `json:"at,omitempty"`
}

// next is when the rule of docs/policy.md#otp-sends allows the next one.
func (s sends) next(r Rules) (at time.Time) {
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

// add adds a send. Adding it twice changes nothing.
func (s *sends) add(r Rules, at time.Time) {
	if !slices.ContainsFunc(s.At, at.Equal) {
		s.At = last(append(s.At, at), max(r.Sends, r.SendsPerDay))
	}
}

// notSent takes a send back.
func (s *sends) notSent(at time.Time) (changed bool) {
	n := len(s.At)
	s.At = slices.DeleteFunc(s.At, at.Equal)
	return len(s.At) < n
}

// merge adds what another copy of the record knew.
func (s *sends) merge(o sends) {
	for _, at := range o.At {
		if !slices.ContainsFunc(s.At, at.Equal) {
			s.At = append(s.At, at)
		}
	}
	slices.SortFunc(s.At, time.Time.Compare)
}

// NotSent gives the last send of this process back after the message could not be sent.
func (g *Guard) NotSent(ctx context.Context, e164 string) {
	key := g.keys.key(kindSends, e164)
	g.mu.Lock()
	at, known := g.sent.get(key)
	g.sent.remove(key)
	g.mu.Unlock()
	if known {
		notSent := func(s *sends) bool { return s.notSent(at) }
		edit(context.WithoutCancel(ctx), g.records, key, g.keepSends, notSent, notSent)
	}
}

// MaySend takes one of a number's (E.164) sends. ok is false if none is left; again is when the next one is allowed.
func (g *Guard) MaySend(ctx context.Context, e164 string) (ok bool, again time.Time) {
	now, key := g.now(), g.keys.key(kindSends, e164)
	done := edit(context.WithoutCancel(ctx), g.records, key, g.keepSends,
		func(s *sends) bool {
			again = s.next(g.rules)
			if ok = !now.Before(again); ok {
				s.add(g.rules, now)
				again = s.next(g.rules)
			}
			return ok
		},
		func(s *sends) bool { s.add(g.rules, now); return true })
	if !done {
		return false, now.Add(g.rules.SendsApart)
	}
	if ok {
		g.mu.Lock()
		g.sent.put(key, now)
		g.mu.Unlock()
	}
	return ok, again
}

func (g *Guard) keepSends(sends) time.Duration { return max(day, g.rules.SendsWithin) }
