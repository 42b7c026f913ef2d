package guard

import "countersign/session"

// maxTaken is how many attempts this process remembers, in each of the cache's two generations.
const maxTaken = 1 << 14

// takenKey names the attempts of a call at one secret of a customer.
func takenKey(a session.Attempt) string {
	return a.Call + "\x00" + a.Customer + "\x00" + string(a.Method)
}

// take remembers the id of an attempt: whatever ends it ends exactly that one, also when it is replayed.
func (g *Guard) take(a session.Attempt, id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := takenKey(a)
	ids, _ := g.taken.get(key)
	g.taken.put(key, last(append(ids, id), g.rules.get().Total))
}

// ended forgets the last attempt that was taken, and returns its id; empty if there is none.
func (g *Guard) ended(a session.Attempt) (id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := takenKey(a)
	ids, _ := g.taken.get(key)
	switch n := len(ids); n {
	case 0:
		return ""
	case 1:
		g.taken.remove(key)
		return ids[0]
	default:
		g.taken.put(key, ids[:n-1])
		return ids[n-1]
	}
}
