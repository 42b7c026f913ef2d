package guard

import (
	"slices"
	"time"

	"countersign/session"
)

// How many identifiers this process remembers, and for how long.
const (
	rememberFor     = 10 * time.Minute
	maxPerNumber    = 16
	maxNumbers      = 1 << 14 // in each of the cache's two generations
	maxRemovedByOne = 2       // by one success: the identifier that led to the customer, and a typing error before it
)

// recentIdentifier is an identifier that a number gave on this machine, on a call that may still run. call is empty
// until that call's first attempt.
type recentIdentifier struct {
	identifier
	call string
}

func (g *Guard) rememberIdentifier(number string, i identifier) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := g.keys.key(kindCaller, number)
	list := g.recentIdentifiers(key, i.At)
	list = slices.DeleteFunc(list, func(o recentIdentifier) bool { return o.Tag == i.Tag })
	g.identifiers.put(key, last(append(list, recentIdentifier{identifier: i}), maxPerNumber))
}

// assignIdentifiers assigns the number's identifiers that belong to no call yet to this call.
func (g *Guard) assignIdentifiers(a session.Attempt) {
	if a.Caller == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, list := 0, g.recentIdentifiers(g.keys.key(kindCaller, a.Caller), g.now()); i < len(list); i++ {
		if list[i].call == "" {
			list[i].call = a.Call
		}
	}
}

// takeIdentifiers removes the call's identifiers from memory and returns the last ones, which led to the customer.
func (g *Guard) takeIdentifiers(a session.Attempt) (tags []string) {
	if a.Caller == "" {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := g.keys.key(kindCaller, a.Caller)
	list := slices.DeleteFunc(g.recentIdentifiers(key, g.now()), func(i recentIdentifier) bool {
		own := i.call == "" || i.call == a.Call
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
	return last(tags, maxRemovedByOne)
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
