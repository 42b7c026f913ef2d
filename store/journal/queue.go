package journal

import (
	"sync"
	"time"
)

// queue holds the events that wait for the writer. Any goroutine may put, one takes.
type queue struct {
	limit    int
	interval time.Duration
	changed  chan struct{} // has a value when the writer should look again

	mu      sync.Mutex
	entries []entry
	// accepted counts all entries ever put, settled those that the writer is done with. The difference is waiting, in
	// entries or in the writer's current group.
	accepted, settled uint64
	// hurry is the number of accepted entries that must be written without waiting for a full group.
	hurry  uint64
	syncs  []waitingSync
	closed bool
}

// waitingSync is a flush; done is closed when settled reaches upTo.
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

// take waits for a group of entries: until an interval is over, groupSize is reached, or a flush hurries. It returns
// none when the queue is closed and empty.
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

// ready takes a group out if it is to be written now. some says whether any entries wait, closed whether no more can
// come.
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

// settle notes that the writer is done with n entries.
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

// flush makes the writer hurry and returns a channel that is closed when everything accepted so far is settled.
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

// waiting returns how many entries are accepted and not settled.
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
