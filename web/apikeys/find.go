package apikeys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/web/access"
)

// How fresh the keys are with which requests are checked (docs/policy.md#people). Requests with wrong keys, however many,
// read the shared state no more often than that.
const (
	// readEvery is how long what another machine changed may take to count here.
	readEvery = 2 * time.Second
	// goodFor is how long keys count that were read before the shared state became unavailable.
	goodFor = 5 * time.Minute
)

// ErrUnavailable: which keys there are cannot be read, and was read too long ago.
var ErrUnavailable = errors.New("the keys cannot be read")

// Has says whether there is a key of that name that has the scope.
func (b *Book) Has(ctx context.Context, name string, scope access.Scope) (bool, error) {
	all, err := b.fresh(ctx)
	if err != nil {
		return false, err
	}
	k, ok := all[name]
	return ok && slices.Contains(k.Scopes, scope), nil
}

// Find says which key a program has shown; ok is false if there is none. It notes the day of use.
func (b *Book) Find(ctx context.Context, shown string) (k Key, ok bool, err error) {
	name := nameIn(shown)
	if name == "" {
		return Key{}, false, nil
	}
	all, err := b.fresh(ctx)
	if err != nil {
		return Key{}, false, err
	}
	k, ok = all[name]
	if !ok {
		return Key{}, false, nil
	}
	sum := sumOf(shown)
	ok, old := k.opens(sum, b.now())
	if !ok {
		return Key{}, false, nil
	}
	b.noteUse(ctx, k, sum, old)
	return k, true, nil
}

// Any says whether there is a key at all, as far as is known.
func (b *Book) Any(ctx context.Context) bool {
	all, err := b.fresh(ctx)
	return err != nil || len(all) > 0
}

// fresh are the keys. One request reads them, while others go on with those that were read last.
func (b *Book) fresh(ctx context.Context) (map[string]Key, error) {
	b.mu.Lock()
	known, now := b.known, b.now()
	isGood := !b.read.IsZero() && now.Sub(b.read) < goodFor
	isNew, reading := now.Before(b.next), b.reading
	if isGood && (isNew || reading) || !isGood && isNew && !reading {
		b.mu.Unlock()
		if !isGood { // it failed a moment ago
			return nil, ErrUnavailable
		}
		return known, nil
	}
	b.reading = true
	b.mu.Unlock()
	// The store bounds the time, and others wait for the same answer: it does not end with this request.
	_, err, _ := b.readOnce.Do("", func() (any, error) { return nil, b.readAll(context.WithoutCancel(ctx)) })
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil || isGood {
		return b.known, nil
	}
	return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func (b *Book) readAll(ctx context.Context) error {
	b.mu.Lock()
	changes := b.changes
	b.mu.Unlock()
	all, err := b.All(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = false
	if changes == b.changes {
		b.next = b.now().Add(readEvery)
	}
	if err != nil {
		return err
	}
	b.known, b.read = map[string]Key{}, b.now()
	for _, k := range all {
		b.known[k.Name] = k
	}
	return nil
}

// forget makes the next Find read again.
func (b *Book) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changes++
	b.next = time.Time{}
}

// noteUse writes the day of the last use, once a day. That it cannot be written is no reason to refuse.
func (b *Book) noteUse(ctx context.Context, k Key, sum string, old bool) {
	day := b.now().UTC().Format(time.DateOnly)
	b.mu.Lock()
	done := b.noted[sum] == day
	if len(b.noted) > 1000 {
		clear(b.noted)
	}
	b.noted[sum] = day
	b.mu.Unlock()
	if done || !old && k.Used == day || old && k.OldUsed == day {
		return
	}
	_, _ = b.change(ctx, k.Name, func(k *Key) {
		switch sum {
		case k.Sum:
			k.Used = day
		case k.Old:
			k.OldUsed = day
		}
	})
}
