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

// Limits of wrong passwords (docs/policy.md#people). An account is slowed down and never locked, and not at all in
// browsers that know it (Book.Remember): a lock would let anybody keep others out.
const (
	freeTries   = 5  // of an account in browsers that do not know it, and in each that does
	freeFrom    = 50 // from an address: behind a proxy or a router everybody has the same
	slowest     = time.Minute
	forgetAfter = 15 * time.Minute
	maxCounted  = 10_000
)

// Origin is where a try comes from.
type Origin struct {
	// Address is that of the browser, or its network.
	Address string
	// Browser is what Remember gave it, or "".
	Browser string
}

// SignIn checks a password. It returns ErrPassword for a wrong one and for nobody, in the same time, or *TooManyError.
func (b *Book) SignIn(ctx context.Context, tries *Tries, id, password string, from Origin) (Person, error) {
	id = normal(id)
	counted := []limit{{key: "from " + from.Address, free: freeFrom, shared: true}}
	switch {
	case b.Remembers(ctx, from.Browser) == id && id != "":
		counted = []limit{{key: browserKey(from.Browser), free: freeTries}}
	case isID(id):
		counted = append(counted, ofAccount(id))
	}
	// It counts before it is checked, so that many at once are no way around.
	if wait := tries.take(b.now(), counted...); wait > 0 {
		return Person{}, &TooManyError{wait}
	}
	p, err := b.Get(ctx, id)
	if err != nil && !errors.Is(err, ErrNobody) {
		return Person{}, err
	}
	if !matches(p.Password, password) || p.Disabled {
		return Person{}, ErrPassword
	}
	tries.right(counted...)
	return p, nil
}

// Confirms says whether somebody who is signed in knows the present password; those who have none need none.
func (b *Book) Confirms(ctx context.Context, tries *Tries, id, password string) error {
	p, err := b.Get(ctx, id)
	if err != nil || p.Password == "" {
		return err
	}
	counted := limit{key: "signed in " + p.ID, free: freeTries} // nobody else can use them up
	if wait := tries.take(b.now(), counted); wait > 0 {
		return &TooManyError{wait}
	}
	if !matches(p.Password, password) {
		return ErrPassword
	}
	tries.right(counted)
	return nil
}

// limit is what tries are counted by.
type limit struct {
	key  string
	free int
	// shared: others are counted by it too, so that a right try gives back no more than itself.
	shared bool
}

func ofAccount(id string) limit { return limit{key: "id " + id, free: freeTries} }

// Tries counts wrong passwords on this machine. The zero value is ready for use.
type Tries struct {
	mu  sync.Mutex
	all map[string]tried
}

type tried struct {
	n    int
	last time.Time
}

// take counts a try, or says how long to wait before it: 1 s after the last wrong one once the free ones are used up,
// twice as long after each more, at most 1 min.
func (t *Tries) take(now time.Time, limits ...limit) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range limits {
		wait = max(wait, t.all[l.key].wait(l.free, now))
	}
	if wait > 0 {
		return wait
	}
	for _, l := range limits {
		got := t.all[l.key]
		if now.Sub(got.last) > forgetAfter {
			got.n = 0
		}
		t.set(l.key, tried{n: got.n + 1, last: now})
	}
	return 0
}

func (got tried) wait(free int, now time.Time) time.Duration {
	if got.n < free || now.Sub(got.last) > forgetAfter {
		return 0
	}
	delay := min(slowest, time.Second<<min(got.n-free, 10))
	return max(0, got.last.Add(delay).Sub(now))
}

// set makes room by forgetting whoever tried longest ago: a flood of made-up ids frees nobody who is being tried.
func (t *Tries) set(key string, to tried) {
	if t.all == nil {
		t.all = map[string]tried{}
	}
	if _, known := t.all[key]; !known && len(t.all) >= maxCounted {
		oldest := key
		for k, got := range t.all {
			if oldest == key || got.last.Before(t.all[oldest].last) {
				oldest = k
			}
		}
		delete(t.all, oldest)
	}
	t.all[key] = to
}

// right takes back what take counted: the password was right.
func (t *Tries) right(limits ...limit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range limits {
		got, ok := t.all[l.key]
		switch {
		case !ok:
		case l.shared && got.n > 1:
			got.n--
			t.all[l.key] = got
		default:
			delete(t.all, l.key)
		}
	}
}
