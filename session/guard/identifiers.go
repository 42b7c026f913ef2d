package guard

import (
	"slices"
	"time"

	"countersign/session"
)

// How many identifiers this process remembers, and for how long.
const (
	rememberFor  = 10 * time.Minute
	maxPerNumber = 64
	maxNumbers   = 1 << 14 // in each of the cache's two generations
)

// recentIdentifier is an identifier that a number gave on this machine, on a call that may still run.
type recentIdentifier struct {
	identifier
	call string
}

// rememberIdentifier says whether the call gave it before.
func (g *Guard) rememberIdentifier(a session.Attempt, i identifier) (again bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := g.keys.key(kindCaller, a.Caller)
	list := g.recentIdentifiers(key, i.At)
	n := len(list)
	list = slices.DeleteFunc(list, func(o recentIdentifier) bool { return o.Tag == i.Tag && o.call == a.Call })
	again = len(list) < n
	g.identifiers.put(key, last(append(list, recentIdentifier{i, a.Call}), maxPerNumber))
	return again
}

// takeIdentifiers removes the call's identifiers from memory and returns them in order; the last one led to the
// customer.
func (g *Guard) takeIdentifiers(a session.Attempt) (tags []string) {
	if a.Caller == "" {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := g.keys.key(kindCaller, a.Caller)
	list := slices.DeleteFunc(g.recentIdentifiers(key, g.now()), func(i recentIdentifier) bool {
		own := i.call == a.Call
		if own {
			tags = append(tags, i.Tag)
		}
		return own
	})
	if len(list) == 0 {
		g.identifiers.remove(key)
	} else {
		g.identifiers.put(key, list)
	}
	return tags
}

// recentIdentifiers drops what is older than rememberFor and returns the rest.
func (g *Guard) recentIdentifiers(key string, now time.Time) []recentIdentifier {
	list, _ := g.identifiers.get(key)
	list = slices.DeleteFunc(list, func(i recentIdentifier) bool { return now.Sub(i.At) >= rememberFor })
	if len(list) == 0 {
		g.identifiers.remove(key)
		return nil
	}
	g.identifiers.put(key, list)
	return list
}
