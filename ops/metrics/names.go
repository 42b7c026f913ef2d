package metrics

import "sync"

// other stands for names beyond the bound.
const other = "other"

// names are the values of a label that settings name, so many at most.
type names struct {
	most int

	mu    sync.RWMutex
	known map[string]struct{}
}

func newNames(most int) *names { return &names{most: most, known: map[string]struct{}{}} }

// of is the name, or other if there are too many.
func (n *names) of(name string) string {
	n.mu.RLock()
	_, known := n.known[name]
	n.mu.RUnlock()
	if known {
		return name
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, known = n.known[name]; !known && len(n.known) >= n.most {
		return other
	}
	n.known[name] = struct{}{}
	return name
}
