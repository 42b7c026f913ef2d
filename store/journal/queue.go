package journal

import (
	"sync"
	"time"
)

// queue holds the events that wait for the writer. Any goroutine puts, one takes.
type queue struct {
	limit    int
	interval time.Duration
	changed  chan struct{} // holds a token when the taker should look again

	mu      sync.Mutex
	entries []entry
	// accepted and settled count the entries that ever came in, and those that the taker is done with. What is between them is waiting: in
	// entries or in the taker's hands.
	accepted, settled uint64
	// hurry is the count of accepted entries up to which nobody wants to wait for a group to fill.
	hurry  uint64
	syncs  []waitingSync
	closed bool
}

// waitingSync is closed when settled has reached upTo.
type waitingSync struct {
	upTo uint64
	done chan struct{}
}

func newQueue(limit int, interval time.Duration) *queue {
	return &queue{limit: limit, interval: interval, changed: make(chan struct{}, 1)}
}

// put adds all of the entries or none.
func (q *queue) put(entries []entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if int(q.accepted-q.settled)+len(entries) > q.limit {
		return ErrFull
	}
	before := len(q.entries)
	q.entries = append(q.entries, entries...)
	q.accepted += uint64(len(entries))
	if before == 0 || before < groupSize && len(q.entries) >= groupSize {
		q.signal()
	}
	return nil
}

// take waits for a group: the first of an interval, of groupSize, or of everything that somebody hurries for. It is empty when the queue is
// closed and has nothing left.
func (q *queue) take() []entry {
	var full <-chan time.Time
	for {
		group, some, closed := q.ready(false)
		if group != nil || !some && closed {
			return group
		}
		if some && full == nil {
			timer := time.NewTimer(q.interval)
			defer timer.Stop()
			full = timer.C
		}
		select {
		case <-q.changed:
		case <-full:
			group, _, _ := q.ready(true)
			return group
		}
	}
}

// ready takes a group out if there is a reason to write it now. some says whether there is anything at all, closed whether anything can still come.
func (q *queue) ready(now bool) (group []entry, some, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.entries), groupSize)
	if n == 0 {
		return nil, false, q.closed
	}
	if !now && n < groupSize && !q.closed && q.hurry <= q.settled {
		return nil, true, q.closed
	}
	group = append(make([]entry, 0, n), q.entries[:n]...)
	clear(q.entries[:n])
	q.entries = q.entries[n:]
	return group, true, q.closed
}

// settle says that n entries of a group are done with.
func (q *queue) settle(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settled += uint64(n)
	still := q.syncs[:0]
	for _, s := range q.syncs {
		if s.upTo <= q.settled {
			close(s.done)
		} else {
			still = append(still, s)
		}
	}
	clear(q.syncs[len(still):])
	q.syncs = still
}

// flush makes the taker hurry, and returns a channel that is closed when everything accepted so far is settled.
func (q *queue) flush() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := waitingSync{upTo: q.accepted, done: make(chan struct{})}
	if q.settled >= q.accepted {
		close(s.done)
		return s.done
	}
	q.syncs = append(q.syncs, s)
	q.hurry = q.accepted
	q.signal()
	return s.done
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

// waiting is how many entries were accepted and are not settled.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return int(q.accepted - q.settled)
}

func (q *queue) signal() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}
