package guard

// cache is a map that drops what was not used for long. It has two generations: keys move to the current one when they
// are used; once that one is full it becomes the previous one, and the one before is dropped.
type cache[V any] struct {
	max               int // keys in each generation
	current, previous map[string]V
}

func newCache[V any](max int) cache[V] { return cache[V]{max: max, current: map[string]V{}} }

func (c *cache[V]) get(key string) (v V, ok bool) {
	if v, ok = c.current[key]; ok {
		return v, true
	}
	if v, ok = c.previous[key]; ok {
		c.put(key, v)
	}
	return v, ok
}

func (c *cache[V]) put(key string, v V) {
	if _, there := c.current[key]; !there && len(c.current) >= c.max {
		c.previous, c.current = c.current, make(map[string]V, c.max/4)
	}
	c.current[key] = v
	delete(c.previous, key)
}

func (c *cache[V]) remove(key string) {
	delete(c.current, key)
	delete(c.previous, key)
}
