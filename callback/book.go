package callback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

// Options are what a Book needs.
type Options struct {
	Store shared.Store
	// Windows and Capacity, the callbacks that one window takes, are those in force. Countries are those that are called
	// (IsCalled), Ahead is how far ahead one can book.
	Windows   func() Windows
	Capacity  func() int
	Countries func() []string
	Ahead     time.Duration
	// Phones are the numbers of a customer on file. Secret says whether a word is one of the customer's secrets.
	Phones func(ctx context.Context, customer string) ([]session.Phone, error)
	Secret func(ctx context.Context, customer string, word session.Secret) (bool, error)
	// Publish publishes a fact, and returns when NATS has it. Source is the node's.
	Publish func(ctx context.Context, e event.Event) error
	Source  string
	// Rules is the version of the rules of time zones.
	Rules string
	// Changed, if set, is told of each change, at once on this machine and soon on the others. It must not wait.
	Changed func(c Callback)
	// Now is the clock.
	Now func() time.Time
	Log *slog.Logger
}

// Book holds all callbacks, for all machines together. Any goroutine may use it.
type Book struct {
	o   Options
	all *mirror[Callback]
}

// New makes a Book. It is empty until it follows the bucket (bus.Bucket.Follow).
func New(o Options) *Book {
	if o.Changed == nil {
		o.Changed = func(Callback) {}
	}
	return &Book{o: o, all: newMirror[Callback](prefix)}
}

// The keys of the bucket.
const (
	prefix       = "callback"
	windowPrefix = "window"
)

func key(id string) string { return prefix + "." + id }

// Read reads all callbacks once, for a Book that follows no bucket.
func (b *Book) Read(ctx context.Context) error {
	all, err := b.o.Store.All(ctx, prefix)
	if err != nil {
		return err
	}
	b.Begin()
	for k, value := range all {
		b.Changed(k, value, 0)
	}
	b.CaughtUp()
	return nil
}

// Begin implements bus.Follower.
func (b *Book) Begin() { b.all.begin() }

// Changed implements bus.Follower.
func (b *Book) Changed(k string, value []byte, revision uint64) {
	id, ok := b.all.id(k)
	switch {
	case !ok:
		return
	case value == nil:
		b.all.remove(id)
		return
	}
	c, err := decode(value)
	if err != nil {
		b.o.Log.Error("a callback in nats is damaged and left out", "callback", id, "err", err)
		return
	}
	b.set(c, revision)
}

// CaughtUp implements bus.Follower.
func (b *Book) CaughtUp() { b.all.finish() }

// set takes a state, unless a later one is known.
func (b *Book) set(c Callback, revision uint64) {
	if b.all.set(c.ID, c, revision) {
		b.o.Changed(c)
	}
}

// Known says whether all callbacks were read.
func (b *Book) Known() bool { return b.all.known() }

// Select returns the callbacks that pass, in the order in which they are due.
func (b *Book) Select(pass func(*Callback) bool) []Callback {
	var found []Callback
	for _, c := range b.sorted(pass) {
		found = append(found, *c)
	}
	return found
}

// sorted is Select for those who change nothing.
func (b *Book) sorted(pass func(*Callback) bool) []*Callback {
	found := b.all.selected(pass)
	slices.SortFunc(found, inOrder)
	return found
}

// inOrder is that in which customers are called: by window, then by who booked first.
func inOrder(a, b *Callback) int {
	return cmp.Or(a.From.Compare(b.From), a.At.Compare(b.At), strings.Compare(a.ID, b.ID))
}

// Get returns a callback as this machine knows it.
func (b *Book) Get(id string) (Callback, error) {
	c, ok := b.all.get(id)
	if !ok {
		return Callback{}, ErrUnknown
	}
	return c, nil
}

// IsOpen says whether customers are called now.
func (b *Book) IsOpen() bool {
	_, open := b.o.Windows().Now(b.o.Now())
	return open
}

// Of returns a customer's callbacks, in order.
func (b *Book) Of(customer string) []Callback {
	return b.Select(func(c *Callback) bool { return c.Customer == customer })
}

// Calling says whether the company calls the customer now, or is about to: not what this machine has heard, but what the
// store says at this moment. An error means that nobody knows.
func (b *Book) Calling(ctx context.Context, customer string) (c Callback, calling bool, err error) {
	if !b.Known() {
		return Callback{}, false, errors.New("callbacks were not read yet")
	}
	open := b.Select(func(c *Callback) bool { return c.Customer == customer && !c.State.Over() })
	if len(open) == 0 { // and the store can be asked
		_, _, err = b.o.Store.Get(ctx, key("nobody"))
		if errors.Is(err, shared.ErrNotFound) {
			err = nil
		}
		return Callback{}, false, err
	}
	for _, known := range open {
		value, _, err := b.o.Store.Get(ctx, key(known.ID))
		if errors.Is(err, shared.ErrNotFound) {
			continue
		}
		if err != nil {
			return Callback{}, false, err
		}
		if c, err = decode(value); err != nil {
			return Callback{}, false, err
		}
		if c.State.Live() {
			return c, true, nil
		}
	}
	return Callback{}, false, nil
}

// mostConflicts bounds how often a change is tried against other writers.
const mostConflicts = 20

// change changes a callback by compare-and-swap. f may be called several times.
func (b *Book) change(ctx context.Context, id string, f func(*Callback) error) (Callback, error) {
	for range mostConflicts {
		value, revision, err := b.o.Store.Get(ctx, key(id))
		if errors.Is(err, shared.ErrNotFound) {
			return Callback{}, ErrUnknown
		}
		if err != nil {
			return Callback{}, err
		}
		c, err := decode(value)
		if err != nil {
			return Callback{}, err
		}
		if err := f(&c); err != nil {
			return c, err
		}
		if value, err = c.encode(); err != nil {
			return c, err
		}
		keep := shared.Forever
		if c.State.Over() {
			keep = KeptFor
		}
		next, err := b.o.Store.Update(ctx, key(id), value, revision, keep)
		if errors.Is(err, shared.ErrConflict) {
			continue
		}
		if err != nil {
			return c, err
		}
		b.set(c, next)
		return c, nil
	}
	return Callback{}, fmt.Errorf("callback %s: %w", id, shared.ErrConflict)
}
