package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"countersign/internal/retry"
	"countersign/session/shared"
)

// keepEmpty is how long the Store keeps an empty record.
const keepEmpty = time.Minute

// defaultTimeout is how long one operation of the Store may take. The last try to write, of two operations, begins
// after less than twice that, so no method of the Guard takes longer than four times that.
const defaultTimeout = 250 * time.Millisecond

// maxBackOff bounds the pause between tries to write.
const maxBackOff = 10 * time.Millisecond

// Bounds in memory.
const (
	maxSeen = 1 << 16 // records in each of the cache's two generations
	// maxLately is as many of those whose revision is known: of calls that run now.
	maxLately = 1 << 13
)

// records keeps records in the Store and changes them by compare-and-swap. While the Store is unavailable it works on
// what this process has seen, and replays the changes afterwards (pending.go).
type records struct {
	store   shared.Store
	timeout time.Duration
	log     *slog.Logger

	mu sync.Mutex
	// One goroutine of this process at a time writes a record; only processes compete by compare-and-swap. locks has the
	// records that are being written.
	locks   map[string]*recordLock
	away    bool // the Store is unavailable
	seen    cache[[]byte]
	lately  cache[stored]
	pending map[string][]change
	lost    int // changes that did not fit in pending

	// copy survives a restart; uncopied is what it lacks. restore makes a change from a record of it.
	copy      Copy
	copying   chan struct{} // has a value while the copy is written
	uncopied  map[string]Copied
	copyFails bool
	copyDue   chan struct{} // tells Run that uncopied has something
	restore   func(key string, known Copied) change

	unsent   map[string]bool // changed here, and the Store lacks it
	inexact  map[string]bool // those of unsent with changes that did not fit in pending: the copy stands for them
	putBacks map[string]bool // records in pending that putBack alone queued: they make room for others

	// wake tells Run that there is something to replay.
	wake chan struct{}
}

// stored is a record as the Store had it lately, with its revision; 0: it had none, and neither had this machine.
type stored struct {
	value    []byte
	revision uint64
}

// change makes the next value of a record from the present one, nil if there is none. It may be called several times.
type change func(value []byte) (next []byte, keep time.Duration, changed bool)

func newRecords(store shared.Store, own Copy, timeout time.Duration, log *slog.Logger) *records {
	r := &records{
		store: store, timeout: timeout, log: log, copy: own, uncopied: map[string]Copied{}, unsent: map[string]bool{},
		inexact: map[string]bool{}, putBacks: map[string]bool{},
		copyDue: make(chan struct{}, 1), copying: make(chan struct{}, 1),
		locks: map[string]*recordLock{}, pending: map[string][]change{}, wake: make(chan struct{}, 1),
		seen: newCache[[]byte](maxSeen), lately: newCache[stored](maxLately),
	}
	return r
}

// edit changes a record of type T. apply decides on the record as it is; replay repeats what apply did on a later
// version of the record, after an outage, perhaps twice. Both report whether they changed anything. done is false if
// other writers always came first; nothing was changed then.
func edit[T any](
	ctx context.Context, r *records, key string, keep func(T) time.Duration, apply, replay func(*T) bool,
) (done bool) {
	return r.write(ctx, key, recordChange(r, keep, apply), recordChange(r, keep, replay))
}

func recordChange[T any](r *records, keep func(T) time.Duration, f func(*T) bool) change {
	return func(value []byte) ([]byte, time.Duration, bool) {
		record := decodeRecord[T](r, value)
		if !f(&record) {
			return value, 0, false
		}
		next, err := json.Marshal(record)
		if err != nil {
			r.log.Error("guard record cannot be encoded", "err", err)
			return value, 0, false
		}
		return next, keep(record), true
	}
}

func readRecord[T any](ctx context.Context, r *records, key string) T {
	return decodeRecord[T](r, r.get(ctx, key))
}

func decodeRecord[T any](r *records, value []byte) (record T) {
	if len(value) == 0 {
		return record
	}
	if err := json.Unmarshal(value, &record); err != nil {
		r.log.Warn("guard record damaged, counts as empty", "err", err)
		var empty T
		return empty
	}
	return record
}

func (r *records) get(ctx context.Context, key string) []byte {
	if r.isAway() {
		return r.copied(ctx, key)
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	value, revision, err := r.store.Get(ctx, key)
	switch {
	case errors.Is(err, shared.ErrNotFound): // expired or lost; what has expired counts no more
		value, _, lost := r.known(ctx, key)
		if !lost {
			r.remember(key, stored{})
		}
		return value
	case err != nil:
		r.failed(ctx, err)
		return r.copied(ctx, key)
	}
	r.remember(key, stored{value, revision})
	return r.found(ctx, key, value)
}

func (r *records) remember(key string, s stored) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lately.put(key, s)
}

// recall returns what remember was told last, once: if it proves to be wrong, the Store is asked.
func (r *records) recall(key string) (s stored, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok = r.lately.get(key)
	r.lately.remove(key)
	return s, ok
}

// found is a record as the Store has it, with what the Store lacks.
func (r *records) found(ctx context.Context, key string, value []byte) []byte {
	r.mu.Lock()
	changes, unsent := r.pending[key], r.unsent[key]
	if !unsent {
		r.cacheLocked(key, value)
	}
	r.mu.Unlock()
	if !unsent {
		return value
	}
	merged, _, _ := inOrder(r.lacking(ctx, key, changes))(value)
	return merged
}

func (r *records) write(ctx context.Context, key string, apply, replay change) (done bool) {
	return r.writeOr(ctx, key, apply, apply, replay)
}

// writeOr makes another change, here, of this machine's copy while the Store is away.
func (r *records) writeOr(ctx context.Context, key string, apply, here, replay change) (done bool) {
	deadline := r.writeDeadline()
	unlock, ok := r.lock(key, deadline)
	if !ok {
		return false
	}
	defer unlock()
	if r.isAway() {
		r.writeLocally(ctx, key, here, replay)
		return true
	}
	done, err := r.send(ctx, key, apply, deadline)
	if err != nil {
		r.failed(ctx, err)
		r.writeLocally(ctx, key, here, replay)
		return true
	}
	return done
}

// writeDeadline is when the last try to write may begin.
func (r *records) writeDeadline() time.Time { return time.Now().Add(r.timeout * 9 / 5) }

// swap changes a record in the Store. An error means that the Store is unavailable; it may have taken the last value
// even so.
func (r *records) swap(ctx context.Context, key string, c change, deadline time.Time) (done bool, err error) {
	for wait := retry.Backoff(time.Millisecond, maxBackOff); ; {
		next, err := r.trySwap(ctx, key, c)
		if err == nil {
			r.sent(key, next)
			return true, nil
		}
		if !errors.Is(err, shared.ErrConflict) {
			return false, err
		}
		pause := rand.N(wait.NextBackOff())
		if time.Now().Add(pause).After(deadline) {
			return false, nil
		}
		time.Sleep(pause)
	}
}

// trySwap tries once. A record that this process has read or written lately is not read again: if another machine has
// written it meanwhile, the Store refuses.
func (r *records) trySwap(ctx context.Context, key string, c change) (next []byte, err error) {
	if s, ok := r.recall(key); ok {
		if next, keep, changed := c(s.value); changed {
			if err := r.put(ctx, key, s.revision, next, keep); !errors.Is(err, shared.ErrConflict) {
				return next, err
			}
		}
	}
	getting, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	value, revision, err := r.store.Get(getting, key)
	missing := errors.Is(err, shared.ErrNotFound)
	if err != nil && !missing {
		return nil, err
	}
	known := time.Duration(0)
	lost := false
	if missing {
		value, known, lost = r.known(ctx, key)
	}
	next, keep, changed := c(value)
	switch {
	case !changed && !lost:
		return next, nil
	case !changed:
		keep = known
	}
	return next, r.put(ctx, key, revision, next, keep)
}

// put writes a record that is at a revision, 0 if there is none.
func (r *records) put(ctx context.Context, key string, revision uint64, value []byte, keep time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	var err error
	if revision == 0 {
		revision, err = r.store.Create(ctx, key, value, keep)
	} else {
		revision, err = r.store.Update(ctx, key, value, revision, keep)
	}
	if err == nil {
		r.remember(key, stored{value, revision})
	}
	return err
}

// recordLock is held while held has a value. users hold it or wait for it.
type recordLock struct {
	held  chan struct{}
	users int
}

// lock keeps other goroutines of this process from writing the record.
func (r *records) lock(key string, deadline time.Time) (unlock func(), ok bool) {
	r.mu.Lock()
	l := r.locks[key]
	if l == nil {
		l = &recordLock{held: make(chan struct{}, 1)}
		r.locks[key] = l
	}
	l.users++
	r.mu.Unlock()
	leave := func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(r.locks, key)
		}
	}
	unlock = func() { <-l.held; leave() }
	select {
	case l.held <- struct{}{}: // a goroutine that was late itself has not waited for others
		return unlock, true
	default:
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case l.held <- struct{}{}:
		return unlock, true
	case <-timer.C:
		leave()
		return nil, false
	}
}

// sent remembers what was written to the Store.
func (r *records) sent(key string, value []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending[key] != nil && r.unsent[key] { // changed again meanwhile
		return
	}
	if r.unsent[key] {
		delete(r.unsent, key)
		delete(r.inexact, key)
		r.copyLocked(key, value, false)
	}
	r.cacheLocked(key, value)
}

// cacheLocked remembers what the Store has. r.mu is held.
func (r *records) cacheLocked(key string, value []byte) {
	known, there := r.seen.get(key)
	if there && bytes.Equal(known, value) {
		return
	}
	r.seen.put(key, value)
	r.copyLocked(key, value, false)
}
