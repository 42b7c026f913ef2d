package people

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// TooManyError says how long to wait before the next try.
type TooManyError struct{ Wait time.Duration }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("too many wrong passwords: wait %d seconds", int(e.Wait.Round(time.Second)/time.Second))
}

// Limits of wrong passwords (docs/policy.md#people). An account is slowed down and never locked: a lock would let
// anybody keep others out.
const (
	freeTries   = 5  // of an account
	freeFrom    = 50 // from an address: behind a proxy or a router everybody has the same
	slowest     = time.Minute
	forgetAfter = 15 * time.Minute
	maxCounted  = 10_000
)

// SignIn checks a password. It returns ErrPassword for a wrong one and for nobody, in the same time, or *TooManyError.
// from is where the try came from.
func (b *Book) SignIn(ctx context.Context, tries *Tries, id, password, from string) (Person, error) {
	id = normal(id)
	now := b.now()
	if wait := max(tries.wait("id "+id, freeTries, now), tries.wait("from "+from, freeFrom, now)); wait > 0 {
		return Person{}, &TooManyError{wait}
	}
	// It counts before it is checked, so that many at once are no way around.
	tries.add("id "+id, now)
	tries.add("from "+from, now)
	p, err := b.Get(ctx, id)
	if err != nil && !errors.Is(err, ErrNobody) {
		return Person{}, err
	}
	if !matches(p.Password, password) || p.Disabled {
		return Person{}, ErrPassword
	}
	tries.reset("id " + id)
	tries.giveBack("from " + from)
	return p, nil
}

// Tries counts wrong passwords on this machine. The zero value is ready for use.
type Tries struct {
	mu  sync.Mutex
	all map[string]tried
}

type tried struct {
	n    int
	last time.Time
}

// Wait is how long somebody has to wait before the next try.
func (t *Tries) Wait(id string, now time.Time) time.Duration {
	return t.wait("id "+normal(id), freeTries, now)
}

// wait is how long to wait after the last wrong one: 1 s once the free ones are used up, twice as long after each more,
// at most 1 min.
func (t *Tries) wait(key string, free int, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	got := t.all[key]
	if got.n < free || now.Sub(got.last) > forgetAfter {
		return 0
	}
	delay := min(slowest, time.Second<<min(got.n-free, 10))
	return max(0, got.last.Add(delay).Sub(now))
}

func (t *Tries) add(key string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[string]tried{}
	}
	if len(t.all) >= maxCounted {
		for k, got := range t.all {
			if now.Sub(got.last) > forgetAfter {
				delete(t.all, k)
			}
		}
		if len(t.all) >= maxCounted { // a flood of made-up ids: those who are tried again count again
			clear(t.all)
		}
	}
	got := t.all[key]
	if now.Sub(got.last) > forgetAfter {
		got.n = 0
	}
	t.all[key] = tried{n: got.n + 1, last: now}
}

func (t *Tries) reset(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.all, key)
}

func (t *Tries) giveBack(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if got, ok := t.all[key]; ok {
		got.n--
		t.all[key] = got
	}
}
