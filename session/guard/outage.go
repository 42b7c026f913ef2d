package guard

import (
	"context"
	"errors"
	"time"

	"countersign/session/shared"
)

// writeHere changes what this process has seen, and owes it to the Store.
func (l *ledger) writeHere(key string, live, later change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, _ := l.seen.get(key)
	next, _, changed := live(value)
	if !changed {
		return
	}
	l.seen.put(key, next)
	l.oweLocked(key, later)
}

// owe leaves a change for when there is time.
func (l *ledger) owe(key string, later change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.oweLocked(key, later)
}

func (l *ledger) oweLocked(key string, later change) {
	if l.owed[key] == nil && len(l.owed) >= owedMost {
		l.lost++
		return
	}
	l.owed[key] = append(l.owed[key], later)
	l.trimOwed(key)
	l.poke()
}

// trimOwed drops the oldest of more changes than a record may be owed.
func (l *ledger) trimOwed(key string) {
	if more := len(l.owed[key]) - owedEach; more > 0 {
		l.owed[key] = l.owed[key][more:]
		l.lost += more
	}
}

// settle finds out whether the Store is back and gives it what it has missed. It is called by one goroutine. An error
// means that the Store is still away.
func (l *ledger) settle(ctx context.Context) error {
	if l.isAway() {
		probing, cancel := context.WithTimeout(ctx, l.within)
		defer cancel()
		if _, _, err := l.store.Get(probing, kindAlarm+".probe"); err != nil && !errors.Is(err, shared.ErrNotFound) {
			return err
		}
	}
	for {
		key, ok := l.nextOwed()
		if !ok {
			return nil
		}
		if err := l.pay(ctx, key); err != nil {
			return err
		}
	}
}

// nextOwed finds a record to be made up for. When there is none, the Store is back.
func (l *ledger) nextOwed() (key string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.owed {
		return key, true
	}
	if l.away {
		l.away = false
		l.log.Warn("guard's store is back, attempts count on all machines again", "lost", l.lost)
	}
	l.lost = 0
	return "", false
}

var errBusy = errors.New("others were always faster")

func (l *ledger) pay(ctx context.Context, key string) error {
	deadline := l.lastTry()
	release, ok := l.claim(key, deadline)
	if !ok {
		return errBusy
	}
	defer release()
	l.mu.Lock()
	changes := l.owed[key]
	delete(l.owed, key) // what is owed from now on comes behind it
	l.mu.Unlock()
	done, err := l.swap(ctx, key, all(changes), deadline)
	if err == nil && !done {
		err = errBusy
	}
	if err == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owed[key] = append(changes, l.owed[key]...)
	l.trimOwed(key)
	return err
}

// all does one change after the other.
func all(changes []change) change {
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

func (l *ledger) isAway() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.away
}

func (l *ledger) goAway(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.away {
		l.away = true
		l.log.Warn("guard's store is away, attempts count on this machine only", "err", err)
	}
	l.poke()
}

func (l *ledger) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
