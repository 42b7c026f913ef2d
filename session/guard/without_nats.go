package guard

import (
	"context"
	"errors"
	"slices"
	"time"

	"countersign/session"
	"countersign/session/shared"
)

// Bounds of the changes that wait for the Store.
const (
	maxPendingRecords = 1 << 14
	maxPendingChanges = 256 // of one record
)

// writeLocally changes the cached record and queues the change for the Store.
func (r *records) writeLocally(ctx context.Context, key string, here, replay change) {
	next, _, changed := here(r.copied(ctx, key))
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
	if r.pending[key] == nil && len(r.pending) >= maxPendingRecords && !r.makeRoom() {
		if r.unsent[key] && r.restore != nil {
			r.inexact[key] = true
		} else {
			r.lost++
		}
		return
	}
	delete(r.putBacks, key)
	r.pending[key] = append(r.pending[key], replay)
	r.dropOldest(key)
	r.signal()
}

// makeRoom drops a record that putBack queued.
func (r *records) makeRoom() (made bool) {
	for key := range r.putBacks {
		delete(r.putBacks, key)
		delete(r.pending, key)
		if r.unsent[key] {
			r.inexact[key] = true
		}
		return true
	}
	return false
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
	for probed := false; ; {
		if r.isAway() && !probed {
			if err := r.probe(ctx); err != nil {
				return err
			}
			probed = true
			r.putBack(ctx)
		}
		switch key, done := r.nextPending(probed); {
		case done:
			return nil
		case key == "": // it has become unavailable meanwhile
		default:
			if err := r.replayRecord(ctx, key); err != nil {
				return err
			}
		}
	}
}

// probe asks the Store for something.
func (r *records) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	_, _, err := r.store.Get(ctx, kindAlarm+".probe")
	if errors.Is(err, shared.ErrNotFound) {
		return nil
	}
	return err
}

// nextPending is a record with changes that the Store lacks. Once none is left and the Store was probed, it counts as
// available again.
func (r *records) nextPending(probed bool) (key string, done bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.pending {
		return key, false
	}
	for key := range r.unsent {
		return key, false
	}
	if r.away && !probed {
		return "", false
	}
	if r.away {
		r.away = false
		r.log.Warn("guard store available again, attempts count on all machines", "lost", r.lost)
	}
	r.lost = 0
	return "", true
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
	done, err := r.send(ctx, key, unchanged, deadline)
	if err == nil && !done {
		err = errBusy
	}
	return err
}

// send applies the pending changes of a record to the Store, and one more. If that fails the pending ones stay. The
// record is locked.
func (r *records) send(ctx context.Context, key string, more change, deadline time.Time) (done bool, err error) {
	r.mu.Lock()
	changes, putBack := r.pending[key], r.putBacks[key]
	delete(r.pending, key) // later changes queue up behind these
	delete(r.putBacks, key)
	r.mu.Unlock()
	done, err = r.swap(ctx, key, inOrder(append(r.lacking(ctx, key, changes), more)), deadline)
	if done || len(changes) == 0 {
		return done, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if putBack && r.pending[key] == nil {
		r.putBacks[key] = true
	}
	r.pending[key] = append(changes, r.pending[key]...)
	r.dropOldest(key)
	return false, err
}

// lacking are the changes that the Store lacks: the pending ones, unless the local copy must stand for them.
func (r *records) lacking(ctx context.Context, key string, pending []change) []change {
	r.mu.Lock()
	byCopy := r.unsent[key] && r.restore != nil && (len(pending) == 0 || r.inexact[key])
	r.mu.Unlock()
	if byCopy {
		if c := r.restore(key, Copied{Value: r.copied(ctx, key), Unsent: true}); c != nil {
			return []change{c}
		}
	}
	return slices.Clone(pending)
}

// unchanged is no change.
func unchanged(value []byte) (next []byte, keep time.Duration, changed bool) {
	return value, shared.ByDefault, false
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

// failed takes the Store for unavailable, unless it is the call that has no time left for it: other calls have.
func (r *records) failed(ctx context.Context, err error) {
	if session.StateBudgetOf(ctx).Within(r.timeout) == 0 {
		r.signal()
		return
	}
	r.markAway(err)
}

// signal wakes Run.
func (r *records) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
