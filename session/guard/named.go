package guard

import (
	"slices"
	"time"

	"countersign/session"
)

// How much this process remembers of who named what.
const (
	namedWithin = 10 * time.Minute
	namedEach   = 16
	namedMost   = 1 << 14 // numbers, twice
)

// namedNow is an identifier that a number named here, on a call that may still run. Which call that was shows with its first attempt.
type namedNow struct {
	naming
	call string
}

func (g *Guard) noteNamed(number string, n naming) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := g.keys.key(kindCaller, number)
	list := g.young(key, n.At)
	list = slices.DeleteFunc(list, func(o namedNow) bool { return o.Tag == n.Tag })
	g.named.put(key, last(append(list, namedNow{naming: n}), namedEach))
}

// attribute says that what the number named and that belongs to no call yet was named on this one.
func (g *Guard) attribute(a session.Attempt) {
	if a.Caller == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, list := 0, g.young(g.keys.key(kindCaller, a.Caller), g.now()); i < len(list); i++ {
		if list[i].call == "" {
			list[i].call = a.Call
		}
	}
}

// forgiven is how many of the identifiers that a call named are forgotten when its caller is verified: the one that led to the customer, and a slip before it.
const forgiven = 2

// identifiedBy is what was named last on a call, and so led to the customer. What the call named is taken out.
func (g *Guard) identifiedBy(a session.Attempt) (tags []string) {
	if a.Caller == "" {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := g.keys.key(kindCaller, a.Caller)
	list := slices.DeleteFunc(g.young(key, g.now()), func(n namedNow) bool {
		mine := n.call == "" || n.call == a.Call
		if mine {
			tags = append(tags, n.Tag)
		}
		return mine
	})
	if len(list) == 0 {
		g.named.forget(key)
	} else {
		g.named.put(key, list)
	}
	return last(tags, forgiven)
}

// young is what a number named within the last minutes.
func (g *Guard) young(key string, now time.Time) []namedNow {
	list, _ := g.named.get(key)
	list = slices.DeleteFunc(list, func(n namedNow) bool { return now.Sub(n.At) >= namedWithin })
	if len(list) == 0 {
		g.named.forget(key)
		return nil
	}
	g.named.put(key, list)
	return list
}
