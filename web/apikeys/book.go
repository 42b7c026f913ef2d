package apikeys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"countersign/session/shared"
	"countersign/web/access"
)

// Errors of a Book. Any other error means that the shared state is unavailable.
var (
	// ErrNone: there is no such key.
	ErrNone = errors.New("there is no key with this name")
	// ErrExists: the name is taken.
	ErrExists = errors.New("there is a key with this name already")
	// ErrGrace: the grace time is too long, or negative.
	ErrGrace = fmt.Errorf("the old key can be good for at most %d days more", MaxGrace/(24*time.Hour))
)

// MaxGrace is how long an old key can be good after it was rotated (docs/policy.md#people).
const MaxGrace = 30 * 24 * time.Hour

const (
	updateTries = 5
	// bucketPrefix begins the keys of the shared state under which ours are.
	bucketPrefix = "apikey"
	// forgotten is how long the place of a revoked key is kept, so that two machines do not see it come back.
	forgotten = time.Hour
)

// Book is every key. Any goroutine may use it.
type Book struct {
	store    shared.Store
	now      func() time.Time
	reserved func() []string

	readOnce singleflight.Group

	mu      sync.Mutex
	known   map[string]Key // what was read last, by name
	read    time.Time      // when that was; zero: never
	next    time.Time      // when to read again
	reading bool
	changes int               // of this machine
	noted   map[string]string // the day of the last use that was written, by sum
}

// NewBook keeps keys in store. now is the clock; reserved names are taken by keys of the settings, and may be nil.
func NewBook(store shared.Store, now func() time.Time, reserved func() []string) *Book {
	if reserved == nil {
		reserved = func() []string { return nil }
	}
	return &Book{store: store, now: now, reserved: reserved, noted: map[string]string{}}
}

func keyOf(name string) string { return bucketPrefix + "." + name }

// Get finds a key by its name.
func (b *Book) Get(ctx context.Context, name string) (Key, error) {
	k, _, err := b.get(ctx, name)
	return k, err
}

func (b *Book) get(ctx context.Context, name string) (k Key, revision uint64, err error) {
	if !namePattern.MatchString(name) {
		return Key{}, 0, ErrNone
	}
	value, revision, err := b.store.Get(ctx, keyOf(name))
	switch {
	case errors.Is(err, shared.ErrNotFound), err == nil && len(value) == 0:
		return Key{}, revision, ErrNone
	case err != nil:
		return Key{}, 0, fmt.Errorf("look up a key: %w", err)
	}
	if err := json.Unmarshal(value, &k); err != nil {
		return Key{}, 0, fmt.Errorf("look up a key: %w", err)
	}
	return k, revision, nil
}

// All lists the keys by name.
func (b *Book) All(ctx context.Context) ([]Key, error) {
	values, err := b.store.All(ctx, bucketPrefix)
	if err != nil {
		return nil, fmt.Errorf("list the keys: %w", err)
	}
	all := make([]Key, 0, len(values))
	for _, value := range values {
		if len(value) == 0 { // revoked
			continue
		}
		var k Key
		if err := json.Unmarshal(value, &k); err != nil {
			return nil, fmt.Errorf("list the keys: %w", err)
		}
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Add makes a key. The secret is what the program sends; nobody can read it again.
func (b *Book) Add(ctx context.Context, name string, scopes []access.Scope) (k Key, secret string, err error) {
	secret, sum := newSecret(name)
	k = Key{Name: name, Scopes: slices.Clone(scopes), Sum: sum, Created: b.today()}
	if err := k.Check(); err != nil {
		return Key{}, "", err
	}
	if slices.Contains(b.reserved(), name) {
		return Key{}, "", ErrExists
	}
	value, err := json.Marshal(k)
	if err != nil {
		return Key{}, "", err
	}
	switch _, revision, getErr := b.get(ctx, name); {
	case getErr == nil:
		return Key{}, "", ErrExists
	case !errors.Is(getErr, ErrNone):
		return Key{}, "", getErr
	case revision == 0:
		_, err = b.store.Create(ctx, keyOf(name), value, shared.Forever)
	default: // of a revoked one
		_, err = b.store.Update(ctx, keyOf(name), value, revision, shared.Forever)
	}
	switch {
	case errors.Is(err, shared.ErrConflict):
		return Key{}, "", ErrExists
	case err != nil:
		return Key{}, "", fmt.Errorf("add a key: %w", err)
	}
	b.forget()
	return k, secret, nil
}

// SetScopes changes what a key may do.
func (b *Book) SetScopes(ctx context.Context, name string, scopes []access.Scope) (Key, error) {
	return b.change(ctx, name, func(k *Key) { k.Scopes = slices.Clone(scopes) })
}

// Rotate makes a new secret for a key. The present one is good for the grace time, and those before it no more.
func (b *Book) Rotate(ctx context.Context, name string, grace time.Duration) (k Key, secret string, err error) {
	if grace < 0 || grace > MaxGrace {
		return Key{}, "", ErrGrace
	}
	secret, sum := newSecret(name)
	k, err = b.change(ctx, name, func(k *Key) {
		k.Old, k.OldUsed, k.OldUntil = k.Sum, k.Used, b.today().Add(grace)
		if grace == 0 {
			k.Old, k.OldUsed, k.OldUntil = "", "", time.Time{}
		}
		k.Sum, k.Used, k.Rotated = sum, "", b.today()
	})
	return k, secret, err
}

// Revoke ends a key and its old secret.
func (b *Book) Revoke(ctx context.Context, name string) error {
	for range updateTries {
		_, revision, err := b.get(ctx, name)
		if err != nil {
			return err
		}
		_, err = b.store.Update(ctx, keyOf(name), nil, revision, forgotten)
		if errors.Is(err, shared.ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("revoke a key: %w", err)
		}
		b.forget()
		return nil
	}
	return fmt.Errorf("revoke a key: %w", shared.ErrConflict)
}

func (b *Book) change(ctx context.Context, name string, change func(*Key)) (Key, error) {
	for range updateTries {
		k, revision, err := b.get(ctx, name)
		if err != nil {
			return Key{}, err
		}
		change(&k)
		if err := k.Check(); err != nil {
			return Key{}, err
		}
		value, err := json.Marshal(k)
		if err != nil {
			return Key{}, err
		}
		_, err = b.store.Update(ctx, keyOf(name), value, revision, shared.Forever)
		if errors.Is(err, shared.ErrConflict) {
			continue
		}
		if err != nil {
			return Key{}, fmt.Errorf("change a key: %w", err)
		}
		b.forget()
		return k, nil
	}
	return Key{}, fmt.Errorf("change a key: %w", shared.ErrConflict)
}

func (b *Book) today() time.Time { return b.now().UTC().Truncate(time.Second) }
