package guard

import (
	"context"
	"slices"
	"strings"
	"time"

	"countersign/session"
	"countersign/session/event"
)

// sends is the record of the one-time codes that went to one destination, or to one customer on all ways: when they
// were sent, oldest first, no more than a day allows.
type sends struct {
	At []time.Time `json:"at,omitempty"`
}

// next is when the rule of docs/policy.md#otp-sends allows the next one. One that replaces another need not keep the
// distance.
func (s sends) next(r Rules, replaces bool) (at time.Time) {
	type rule struct {
		count  int
		within time.Duration
	}
	rules := []rule{{r.Sends, r.SendsWithin}, {r.SendsPerDay, day}}
	if !replaces {
		rules = append(rules, rule{1, r.SendsApart})
	}
	for _, rule := range rules {
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

// countedFor are the records in which a sending counts: the customer's, which all ways share, and the destination's.
// That of a text message has the bare number as its name, from before there were other ways.
func (g *Guard) countedFor(s session.Sending) [2]string {
	to := s.To
	switch s.Way {
	case event.WaySMS:
	case event.WayEmail:
		to = "email " + strings.ToLower(s.To)
	default:
		to = string(s.Way) + " " + s.To
	}
	return [2]string{g.keys.key(kindSends, "customer "+s.Customer), g.keys.key(kindSends, to)}
}

// MaySend takes one of the customer's sends, and one of the destination's. ok is false if none is left; again is when
// the next one is allowed.
func (g *Guard) MaySend(ctx context.Context, s session.Sending) (ok bool, again time.Time) {
	keys := g.countedFor(s)
	for i, key := range keys {
		taken, next := g.takeSend(ctx, key, s.Replaces)
		if next.After(again) {
			again = next
		}
		if !taken {
			if i > 0 {
				g.giveBackSend(ctx, keys[0])
			}
			return false, again
		}
	}
	return true, again
}

// NotSent gives the last send of this process back after the code could not be sent.
func (g *Guard) NotSent(ctx context.Context, s session.Sending) {
	for _, key := range g.countedFor(s) {
		g.giveBackSend(ctx, key)
	}
}

func (g *Guard) takeSend(ctx context.Context, key string, replaces bool) (ok bool, again time.Time) {
	now := g.now()
	done := edit(context.WithoutCancel(ctx), g.records, key, g.keepSends,
		func(s *sends) bool {
			again = s.next(g.rules.get(), replaces)
			if ok = !now.Before(again); ok {
				s.add(g.rules.get(), now)
				again = s.next(g.rules.get(), false)
			}
			return ok
		},
		func(s *sends) bool { s.add(g.rules.get(), now); return true })
	if !done {
		return false, now.Add(g.rules.get().SendsApart)
	}
	if ok {
		g.mu.Lock()
		g.sent.put(key, now)
		g.mu.Unlock()
	}
	return ok, again
}

func (g *Guard) giveBackSend(ctx context.Context, key string) {
	g.mu.Lock()
	at, known := g.sent.get(key)
	g.sent.remove(key)
	g.mu.Unlock()
	if known {
		notSent := func(s *sends) bool { return s.notSent(at) }
		edit(context.WithoutCancel(ctx), g.records, key, g.keepSends, notSent, notSent)
	}
}

func (g *Guard) keepSends(sends) time.Duration { return max(day, g.rules.get().SendsWithin) }
