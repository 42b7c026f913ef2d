package live

import (
	"slices"
	"sync"
)

// Watcher hears that something changed.
type Watcher struct {
	// Changed has an element when something has changed since the last Take. It is closed at the end of Calls.
	Changed chan struct{}

	calls  *Calls
	agents []string
	sees   func(line string) bool

	mu          sync.Mutex
	mine, board bool
}

// Watch makes a Watcher of the calls of these agents, and of the lines that somebody sees. The caller ends it.
func (c *Calls) Watch(agents []string, sees func(line string) bool) *Watcher {
	w := &Watcher{Changed: make(chan struct{}, 1), calls: c, agents: agents, sees: sees}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watchers == nil { // over
		close(w.Changed)
		return w
	}
	c.watchers[w] = struct{}{}
	return w
}

// End ends the Watcher.
func (w *Watcher) End() {
	w.calls.mu.Lock()
	defer w.calls.mu.Unlock()
	delete(w.calls.watchers, w)
}

// Take says what has changed since the last Take: a call of the agents, anything on the lines.
func (w *Watcher) Take() (mine, board bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	mine, board = w.mine, w.board
	w.mine, w.board = false, false
	return mine, board
}

func (w *Watcher) note(mine, board bool) {
	w.mu.Lock()
	w.mine, w.board = w.mine || mine, w.board || board
	w.mu.Unlock()
	select {
	case w.Changed <- struct{}{}:
	default:
	}
}

// TellDesks tells everybody that something beside calls changed on agents' screens.
func (c *Calls) TellDesks() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.watchers {
		w.note(true, false)
	}
}

// tell tells everybody who watches these agents or the line. The lock is held.
func (c *Calls) tell(agents []string, line string) {
	for w := range c.watchers {
		mine := slices.ContainsFunc(agents, func(a string) bool { return IsAgent(w.agents, a) })
		board := w.sees(line)
		if mine || board {
			w.note(mine, board)
		}
	}
}

// close ends all Watchers.
func (c *Calls) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.watchers {
		close(w.Changed)
	}
	c.watchers = nil
}
