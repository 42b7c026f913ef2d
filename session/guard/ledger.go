package guard

import (
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

// briefly is how long a record stays in which nothing is left.
const briefly = time.Minute

// opWithin is how long one operation of the Store may take. The last try to write, of two operations, begins after less than twice that, so that no
// method of the Guard takes longer than four times that.
const opWithin = 250 * time.Millisecond

// backOffMost bounds the pause between tries to write.
const backOffMost = 10 * time.Millisecond

// How much is kept in memory.
const (
	stripes  = 256
	seenMost = 1 << 16 // records, twice
	owedMost = 1 << 14 // records
	owedEach = 256     // changes of one record
)

// ledger keeps records in the Store, changed by compare-and-swap. While the Store is away it goes by what this process has seen, and afterwards it
// makes up for what the Store has missed.
type ledger struct {
	store  shared.Store
	within time.Duration
	log    *slog.Logger

	// A record is written by one goroutine of this process at a time; other processes are met by compare-and-swap.
	writing [stripes]chan struct{}

	mu   sync.Mutex
	away bool
	seen recent[[]byte]
	owed map[string][]change
	lost int
	// wake tells settle that there is something to do.
	wake chan struct{}
}

// change makes the next value of a record from the present one, nil if there is none. It may be called several times.
type change func(value []byte) (next []byte, keep time.Duration, changed bool)

func newLedger(store shared.Store, within time.Duration, log *slog.Logger) *ledger {
	l := &ledger{store: store, within: within, log: log, owed: map[string][]change{}, seen: newRecent[[]byte](seenMost), wake: make(chan struct{}, 1)}
	for i := range l.writing {
		l.writing[i] = make(chan struct{}, 1)
	}
	return l
}

// edit changes a record of type T. live decides what to do with the record as it is; later does to it afterwards, when the Store could not be reached,
// what live did. Both say whether they changed anything. done is false if others were always faster: then nothing was changed.
func edit[T any](ctx context.Context, l *ledger, key string, keep func(T) time.Duration, live, later func(*T) bool) (done bool) {
	return l.write(ctx, key, recordChange(l, keep, live), recordChange(l, keep, later))
}

func recordChange[T any](l *ledger, keep func(T) time.Duration, f func(*T) bool) change {
	return func(value []byte) ([]byte, time.Duration, bool) {
		record := read[T](l, value)
		if !f(&record) {
			return value, 0, false
		}
		next, err := json.Marshal(record)
		if err != nil {
			l.log.Error("guard's record cannot be written", "err", err)
			return value, 0, false
		}
		return next, keep(record), true
	}
}

// look reads a record without changing it.
func look[T any](ctx context.Context, l *ledger, key string) T { return read[T](l, l.get(ctx, key)) }

func read[T any](l *ledger, value []byte) (record T) {
	if len(value) == 0 {
		return record
	}
	if err := json.Unmarshal(value, &record); err != nil {
		l.log.Warn("guard's record is damaged and counts as empty", "err", err)
		var empty T
		return empty
	}
	return record
}

func (l *ledger) get(ctx context.Context, key string) []byte {
	if l.isAway() {
		return l.remembered(key)
	}
	ctx, cancel := context.WithTimeout(ctx, l.within)
	defer cancel()
	value, _, err := l.store.Get(ctx, key)
	if err != nil && !errors.Is(err, shared.ErrNotFound) {
		l.goAway(err)
		return l.remembered(key)
	}
	l.remember(key, value)
	return value
}

func (l *ledger) write(ctx context.Context, key string, live, later change) (done bool) {
	deadline := l.lastTry()
	release, ok := l.claim(key, deadline)
	if !ok {
		return false
	}
	defer release()
	if l.isAway() {
		l.writeHere(key, live, later)
		return true
	}
	done, err := l.swap(ctx, key, live, deadline)
	if err != nil {
		l.goAway(err)
		l.writeHere(key, live, later)
		return true
	}
	return done
}

func (l *ledger) lastTry() time.Time { return time.Now().Add(l.within * 9 / 5) }

// swap changes a record in the Store. An error means that the Store cannot be reached; whether it has taken the last value is then not known.
func (l *ledger) swap(ctx context.Context, key string, c change, deadline time.Time) (done bool, err error) {
	for wait := retry.Backoff(time.Millisecond, backOffMost); ; {
		next, err := l.trySwap(ctx, key, c)
		if err == nil {
			l.remember(key, next)
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

func (l *ledger) trySwap(ctx context.Context, key string, c change) (next []byte, err error) {
	getting, cancel := context.WithTimeout(ctx, l.within)
	defer cancel()
	value, revision, err := l.store.Get(getting, key)
	missing := errors.Is(err, shared.ErrNotFound)
	if err != nil && !missing {
		return nil, err
	}
	next, keep, changed := c(value)
	if !changed {
		return next, nil
	}
	putting, cancel := context.WithTimeout(ctx, l.within)
	defer cancel()
	if missing {
		_, err = l.store.Create(putting, key, next, keep)
	} else {
		_, err = l.store.Update(putting, key, next, revision, keep)
	}
	return next, err
}

// claim keeps other goroutines of this process from writing the record.
func (l *ledger) claim(key string, deadline time.Time) (release func(), ok bool) {
	turn := l.writing[stripe(key)]
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, true
	case <-timer.C:
		return nil, false
	}
}

// stripe spreads keys, which end in a random word.
func stripe(key string) (n int) {
	for i := range len(key) {
		n = (31*n + int(key[i])) % stripes
	}
	return n
}

func (l *ledger) remember(key string, value []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if value == nil {
		l.seen.forget(key)
		return
	}
	l.seen.put(key, value)
}

func (l *ledger) remembered(key string) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, _ := l.seen.get(key)
	return value
}
