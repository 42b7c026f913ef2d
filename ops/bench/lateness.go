package bench

import (
	"sync"
	"time"
)

// lateness is how late the generator does what it should: callers that begin, and a timer of its own, which stands for
// the keys that they press. A generator that is late measures itself.
type lateness struct {
	mu    sync.Mutex
	found []time.Duration
	end   chan struct{}
	done  chan struct{}
}

// looksEvery is how often the timer fires.
const looksEvery = 10 * time.Millisecond

func watchLateness() *lateness {
	l := &lateness{end: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		t := time.NewTimer(looksEvery)
		defer t.Stop()
		for due := time.Now().Add(looksEvery); ; {
			select {
			case <-t.C:
				l.add(time.Since(due))
			case <-l.end:
				return
			}
			due = time.Now().Add(looksEvery)
			t.Reset(looksEvery)
		}
	}()
	return l
}

func (l *lateness) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found = append(l.found, max(d, 0))
}

// all ends the watch.
func (l *lateness) all() []time.Duration {
	close(l.end)
	<-l.done
	return l.found
}
