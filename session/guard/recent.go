package guard

// recent is a map that forgets what was not used for long: it holds what was used since the last turn, and what was used in the turn before. A turn
// is over when most keys were used in it.
type recent[V any] struct {
	most     int
	now, old map[string]V
}

func newRecent[V any](most int) recent[V] { return recent[V]{most: most, now: map[string]V{}} }

func (r *recent[V]) get(key string) (v V, ok bool) {
	if v, ok = r.now[key]; ok {
		return v, true
	}
	if v, ok = r.old[key]; ok {
		r.put(key, v)
	}
	return v, ok
}

func (r *recent[V]) put(key string, v V) {
	if _, there := r.now[key]; !there && len(r.now) >= r.most {
		r.old, r.now = r.now, make(map[string]V, r.most/4)
	}
	r.now[key] = v
	delete(r.old, key)
}

func (r *recent[V]) forget(key string) {
	delete(r.now, key)
	delete(r.old, key)
}
