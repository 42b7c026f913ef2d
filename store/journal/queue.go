package journal

import (
	"slices"
	"sync"
	"time"
)

// queue holds the events that the journal does not have yet. Any goroutine may put. The writer peeks at the oldest and
// settles them when it is done; the keeper looks after those that wait too long.
type queue struct {
	limit    int
	interval time.Duration
	patience time.Duration
	changed  chan struct{} // has a value when the writer should look again
	waits    chan struct{} // has a value when the keeper should look again

	mu      sync.Mutex
	entries []entry // not settled, the oldest first
	// settled counts the entries that the writer is done with, kept those that are in the journal or in the spill.
	settled, kept uint64
	// hurry is the number of accepted entries that must be written without waiting for a full group.
	hurry  uint64
	syncs  []waitingSync
	closed bool
}

// waitingSync is a flush. done gets nil when everything up to upTo is kept, or settled if it must be inJournal.
type waitingSync struct {
	upTo      uint64
	inJournal bool
	done      chan error
}

func newQueue(limit int, interval, patience time.Duration) *queue {
	return &queue{
		limit: limit, interval: interval, patience: patience,
		changed: make(chan struct{}, 1), waits: make(chan struct{}, 1),
	}
}

// restore puts the entries of the spill into a new queue.
func (q *queue) restore(entries []entry) {
	q.entries, q.kept, q.hurry = entries, uint64(len(entries)), uint64(len(entries))
}

// put adds all of the entries or none.
func (q *queue) put(entries []entry) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	before := len(q.entries)
	if before+len(entries) > q.limit {
		return ErrFull
	}
	if q.unkept() == 0 {
		signal(q.waits)
	}
	now := time.Now()
	for i := range entries {
		entries[i].accepted = now
	}
	q.entries = append(q.entries, entries...)
	if before == 0 || before < groupSize && len(q.entries) >= groupSize {
		signal(q.changed)
	}
	return nil
}

// take waits for a group of entries: until an interval is over, groupSize is reached, or a flush hurries. The entries
// stay in the queue until they are settled. It returns none when the queue is closed and empty.
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

// ready returns a group if it is to be written now. some says whether any entries wait, closed whether no more can
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
	return slices.Clone(q.entries[:n]), true, q.closed
}

// settle notes that the writer is done with the n oldest entries, and returns whether some of them were in the spill
// and it has no others.
func (q *queue) settle(n int) (spillIsDone bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	inSpill := q.kept > q.settled
	clear(q.entries[:n])
	q.entries = q.entries[n:]
	q.settled += uint64(n)
	q.kept = max(q.kept, q.settled)
	q.answer()
	return inSpill && q.kept == q.settled
}

// late returns the oldest entries that nothing keeps, up to most, if the first has waited too long, or how long it
// still may. While others are in the spill, none may wait. No entries and no wait: everything is kept.
func (q *queue) late(most int) (entries []entry, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.unkept() == 0 {
		return nil, 0
	}
	all := q.entries[q.kept-q.settled:]
	if wait = q.patience - time.Since(all[0].accepted); wait > 0 && q.kept == q.settled {
		return nil, wait
	}
	return slices.Clone(all[:min(most, len(all))]), 0
}

// keep notes that n more entries are in the spill.
func (q *queue) keep(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.kept += uint64(n)
	q.answer()
}

// answer ends the flushes that are done.
func (q *queue) answer() {
	q.syncs = slices.DeleteFunc(q.syncs, func(s waitingSync) bool {
		have := q.kept
		if s.inJournal {
			have = q.settled
		}
		if s.upTo > have {
			return false
		}
		s.done <- nil
		return true
	})
}

// refuse ends the flushes of entries that nothing can keep.
func (q *queue) refuse(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.syncs = slices.DeleteFunc(q.syncs, func(s waitingSync) bool {
		if s.inJournal {
			return false
		}
		s.done <- err
		return true
	})
}

// flush makes the writer hurry and returns a channel that gets nil when everything accepted so far is kept, or in the
// journal.
func (q *queue) flush(inJournal bool) <-chan error {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := waitingSync{upTo: q.settled + uint64(len(q.entries)), inJournal: inJournal, done: make(chan error, 1)}
	q.syncs = append(q.syncs, s)
	if len(q.entries) > 0 {
		q.hurry = s.upTo
		signal(q.changed)
	}
	q.answer()
	return s.done
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	signal(q.changed)
}

// count returns how many entries are not settled, and how many of them are in the spill.
func (q *queue) count() (waiting, inSpill int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries), int(q.kept - q.settled)
}

// snapshot returns the entries that are not settled.
func (q *queue) snapshot() []entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.entries)
}

// unkept returns how many entries are neither in the journal nor in the spill.
func (q *queue) unkept() int { return len(q.entries) - int(q.kept-q.settled) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
