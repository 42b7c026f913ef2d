package guard

import (
	"context"
	"errors"
	"time"

	"countersign/session/shared"
)

// Bounds of the changes that wait for the Store.
const (
	maxPendingRecords = 1 << 14
	maxPendingChanges = 256 // of one record
)

// writeLocally changes the cached record and queues the change for the Store.
func (r *records) writeLocally(ctx context.Context, key string, apply, replay change) {
	next, _, changed := apply(r.copied(ctx, key))
	if !changed {
		return
	}
	r.mu.Lock()
	r.seen.put(key, next)
	r.unsent[key] = true
	r.copyLocked(key, next, true)
	r.queueLocked(key, replay)
	r.mu.Unlock()
	r.flushCopy(ctx)
}

// queue leaves a change for replayPending.
func (r *records) queue(key string, replay change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queueLocked(key, replay)
}

func (r *records) queueLocked(key string, replay change) {
	if r.pending[key] == nil && len(r.pending) >= maxPendingRecords {
		r.lost++
		return
	}
	r.pending[key] = append(r.pending[key], replay)
	r.dropOldest(key)
	r.signal()
}

// dropOldest drops the oldest changes of a record that has more than maxPendingChanges.
func (r *records) dropOldest(key string) {
	if more := len(r.pending[key]) - maxPendingChanges; more > 0 {
		r.pending[key] = r.pending[key][more:]
		r.lost += more
	}
}

// replayPending probes an unavailable Store and applies all pending changes to it. One goroutine calls it. An error
// means that the Store is still unavailable.
func (r *records) replayPending(ctx context.Context) error {
	if r.isAway() {
		probing, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		if _, _, err := r.store.Get(probing, kindAlarm+".probe"); err != nil && !errors.Is(err, shared.ErrNotFound) {
			return err
		}
		r.putBack(ctx)
	}
	for {
		key, ok := r.nextPending()
		if !ok {
			return nil
		}
		if err := r.replayRecord(ctx, key); err != nil {
			return err
		}
	}
}

// nextPending is a record with pending changes. Once none is left, the Store counts as available again.
func (r *records) nextPending() (key string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.pending {
		return key, true
	}
	if r.away {
		r.away = false
		r.log.Warn("guard store available again, attempts count on all machines", "lost", r.lost)
	}
	r.lost = 0
	return "", false
}

var errBusy = errors.New("too many writers at once")

// replayRecord writes the pending changes of one record. If that fails they stay pending.
func (r *records) replayRecord(ctx context.Context, key string) error {
	deadline := r.writeDeadline()
	unlock, ok := r.lock(key, deadline)
	if !ok {
		return errBusy
	}
	defer unlock()
	r.mu.Lock()
	changes := r.pending[key]
	delete(r.pending, key) // later changes queue up behind these
	r.mu.Unlock()
	done, err := r.swap(ctx, key, inOrder(changes), deadline)
	if err == nil && !done {
		err = errBusy
	}
	if err == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending[key] = append(changes, r.pending[key]...)
	r.dropOldest(key)
	return err
}

// inOrder applies one change after the other.
func inOrder(changes []change) change {
	return func(value []byte) ([]byte, time.Duration, bool) {
		keep, any := shared.ByDefault, false
		for _, c := range changes {
			next, k, changed := c(value)
			if changed {
				value, keep, any = next, k, true
			}
		}
		return value, keep, any
	}
}

func (r *records) isAway() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.away
}

func (r *records) markAway(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.away {
		r.away = true
		r.log.Warn("guard store unavailable, attempts count on this machine only", "err", err)
	}
	r.signal()
}

// signal wakes Run.
func (r *records) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
