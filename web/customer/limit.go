package customer

import (
	"sync"
	"time"
)

// limit counts what happens by key, and forbids more than so much in a time. It counts on this machine alone.
type limit struct {
	most  int
	every time.Duration

	mu     sync.Mutex
	counts map[string]counted
}

type counted struct {
	n     int
	since time.Time
}

// mostKeys bounds how many keys are counted apart.
const mostKeys = 10_000

func newLimit(most int, every time.Duration) *limit {
	return &limit{most: most, every: every, counts: map[string]counted{}}
}

// allows counts one more, and says whether it is still allowed.
func (l *limit) allows(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, known := l.counts[key]
	if !known && len(l.counts) >= mostKeys {
		for k, old := range l.counts {
			if now.Sub(old.since) >= l.every {
				delete(l.counts, k)
			}
		}
		if len(l.counts) >= mostKeys {
			key = "" // all others together
			c = l.counts[key]
		}
	}
	if now.Sub(c.since) >= l.every {
		c = counted{since: now}
	}
	if c.n < l.most {
		c.n++
		l.counts[key] = c
		return true
	}
	return false
}
