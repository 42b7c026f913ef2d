package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/session/shared"
	"countersign/web/access"
)

// Errors of a Book. Any other error means that the shared state is unavailable.
var (
	// ErrNobody: there is no such person.
	ErrNobody = errors.New("there is nobody with this id")
	// ErrExists: there is a person with that id already.
	ErrExists = errors.New("there is somebody with this id already")
	// ErrInvitation: the invitation does not exist, was used, or has expired.
	ErrInvitation = errors.New("this invitation was used, has expired, or never existed: ask for a new one")
	// ErrLastAdmin: nobody could administer the screens any more.
	ErrLastAdmin = errors.New("this is the last admin: make another one first")
)

// How long invitations are good for (docs/policy.md#people).
const invitationLife = 72 * time.Hour

const (
	updateTries = 5
	// rememberFor is how long a person is remembered, so that not each request of a screen reads the shared state.
	rememberFor = 2 * time.Second
	maxPeople   = 10_000
)

// Book is everybody who may sign in. Any goroutine may use it.
type Book struct {
	store shared.Store
	now   func() time.Time

	mu       sync.Mutex
	recently map[string]remembered
}

type remembered struct {
	person Person
	until  time.Time
}

// NewBook keeps people in store. now is the clock.
func NewBook(store shared.Store, now func() time.Time) *Book {
	return &Book{store: store, now: now, recently: map[string]remembered{}}
}

// keyOf is the key of an id in the shared state, in which ids may hold more characters than keys.
func keyOf(id string) string {
	return "person." + strings.NewReplacer(".", "_d", "@", "_a", "+", "_p", "_", "__").Replace(id)
}

// Get finds a person.
func (b *Book) Get(ctx context.Context, id string) (Person, error) {
	p, _, err := b.get(ctx, id)
	return p, err
}

func (b *Book) get(ctx context.Context, id string) (p Person, revision uint64, err error) {
	id = normal(id)
	if !isID(id) {
		return Person{}, 0, ErrNobody
	}
	value, revision, err := b.store.Get(ctx, keyOf(id))
	switch {
	case errors.Is(err, shared.ErrNotFound), err == nil && len(value) == 0:
		return Person{}, revision, ErrNobody
	case err != nil:
		return Person{}, 0, fmt.Errorf("look up a person: %w", err)
	}
	if err := json.Unmarshal(value, &p); err != nil {
		return Person{}, 0, fmt.Errorf("look up a person: %w", err)
	}
	return p, revision, nil
}

// recent is Get, but what it tells may be two seconds old.
func (b *Book) recent(ctx context.Context, id string) (Person, error) {
	b.mu.Lock()
	got, ok := b.recently[id]
	b.mu.Unlock()
	if ok && b.now().Before(got.until) {
		return got.person, nil
	}
	p, err := b.Get(ctx, id)
	if err == nil {
		b.mu.Lock()
		if len(b.recently) > maxPeople {
			clear(b.recently)
		}
		b.recently[id] = remembered{person: p, until: b.now().Add(rememberFor)}
		b.mu.Unlock()
	}
	return p, err
}

func (b *Book) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.recently, id)
}

// All lists everybody, by id.
func (b *Book) All(ctx context.Context) ([]Person, error) {
	values, err := b.store.All(ctx, "person")
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	all := make([]Person, 0, len(values))
	for _, value := range values {
		var p Person
		if len(value) == 0 {
			continue
		}
		if err := json.Unmarshal(value, &p); err != nil {
			return nil, fmt.Errorf("list people: %w", err)
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Person) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}

// Add adds a person, who cannot sign in before an invitation is accepted.
func (b *Book) Add(ctx context.Context, p Person) (Person, error) {
	p.ID, p.Created, p.Password = normal(p.ID), b.now().UTC().Truncate(time.Second), ""
	if err := p.Check(); err != nil {
		return Person{}, err
	}
	value, err := json.Marshal(p)
	if err != nil {
		return Person{}, err
	}
	switch _, err := b.store.Create(ctx, keyOf(p.ID), value, shared.Forever); {
	case errors.Is(err, shared.ErrConflict):
		return Person{}, ErrExists
	case err != nil:
		return Person{}, fmt.Errorf("add a person: %w", err)
	}
	return p, nil
}

// Change changes a person, all or nothing. An error of change is returned as it is.
func (b *Book) Change(ctx context.Context, id string, change func(*Person) error) (Person, error) {
	for range updateTries {
		p, revision, err := b.get(ctx, id)
		if err != nil {
			return Person{}, err
		}
		before := p
		p.Roles, p.Lines, p.Agents = slices.Clone(p.Roles), slices.Clone(p.Lines), slices.Clone(p.Agents)
		if err := change(&p); err != nil {
			return Person{}, err
		}
		p.ID, p.Created = before.ID, before.Created
		if p.Disabled && !before.Disabled { // sessions stay over when the person may sign in again
			p.Generation++
		}
		if err := errors.Join(p.Check(), b.keepsAdmin(ctx, before, p)); err != nil {
			return Person{}, err
		}
		value, err := json.Marshal(p)
		if err != nil {
			return Person{}, err
		}
		_, err = b.store.Update(ctx, keyOf(p.ID), value, revision, shared.Forever)
		if errors.Is(err, shared.ErrConflict) {
			continue
		}
		if err != nil {
			return Person{}, fmt.Errorf("change a person: %w", err)
		}
		b.forget(p.ID)
		return p, nil
	}
	return Person{}, fmt.Errorf("change a person: %w", shared.ErrConflict)
}

// keepsAdmin refuses what leaves nobody who can administer.
func (b *Book) keepsAdmin(ctx context.Context, before, after Person) error {
	if !isAdmin(before) || isAdmin(after) {
		return nil
	}
	all, err := b.All(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(p Person) bool { return p.ID != before.ID && isAdmin(p) }) {
		return ErrLastAdmin
	}
	return nil
}

func isAdmin(p Person) bool { return !p.Disabled && slices.Contains(p.Roles, access.Admin) }

// SignOut ends all sessions of a person.
func (b *Book) SignOut(ctx context.Context, id string) error {
	_, err := b.Change(ctx, id, func(p *Person) error { p.Generation++; return nil })
	return err
}

// invitation lets somebody set the password of one person, once.
type invitation struct {
	Person string    `json:"person"`
	Until  time.Time `json:"until"`
	// Generation is that of the person: an invitation is over with their sessions.
	Generation int `json:"generation,omitempty"`
}

// Invite makes a one-time secret with which the person sets a password. An earlier invitation stays good until one of
// them is used, or the person is disabled or signed out everywhere.
func (b *Book) Invite(ctx context.Context, id string) (secret string, until time.Time, err error) {
	p, err := b.Get(ctx, id)
	if err != nil {
		return "", time.Time{}, err
	}
	secret, until = newSecret(), b.now().Add(invitationLife).UTC().Truncate(time.Second)
	value, err := json.Marshal(invitation{Person: p.ID, Until: until, Generation: p.Generation})
	if err != nil {
		return "", time.Time{}, err
	}
	if _, err := b.store.Create(ctx, secretKey("invitation", secret), value, invitationLife); err != nil {
		return "", time.Time{}, fmt.Errorf("invite: %w", err)
	}
	return secret, until, nil
}

// Invited is the person whom an invitation is for.
func (b *Book) Invited(ctx context.Context, secret string) (Person, error) {
	p, _, err := b.invited(ctx, secret)
	return p, err
}

func (b *Book) invited(ctx context.Context, secret string) (Person, uint64, error) {
	value, revision, err := b.store.Get(ctx, secretKey("invitation", secret))
	switch {
	case errors.Is(err, shared.ErrNotFound), err == nil && len(value) == 0:
		return Person{}, 0, ErrInvitation
	case err != nil:
		return Person{}, 0, fmt.Errorf("look up an invitation: %w", err)
	}
	var i invitation
	if err := json.Unmarshal(value, &i); err != nil || !b.now().Before(i.Until) {
		return Person{}, 0, ErrInvitation
	}
	p, err := b.Get(ctx, i.Person)
	if errors.Is(err, ErrNobody) || err == nil && (p.Disabled || p.Generation != i.Generation) {
		return Person{}, 0, ErrInvitation
	}
	return p, revision, err
}

// Accept uses an invitation up and sets the password. Sessions of an earlier password are over.
func (b *Book) Accept(ctx context.Context, secret, password string) (Person, error) {
	p, revision, err := b.invited(ctx, secret)
	if err != nil {
		return Person{}, err
	}
	hash, err := newPassword(password, p)
	if err != nil {
		return Person{}, err
	}
	_, err = b.store.Update(ctx, secretKey("invitation", secret), nil, revision, invitationLife)
	if errors.Is(err, shared.ErrConflict) {
		return Person{}, ErrInvitation
	}
	if err != nil {
		return Person{}, fmt.Errorf("use an invitation up: %w", err)
	}
	return b.Change(ctx, p.ID, func(p *Person) error {
		p.Password, p.Generation = hash, p.Generation+1
		return nil
	})
}

// ErrNoPassword: the person has none that could be changed.
var ErrNoPassword = errors.New("there is no password: ask for an invitation to set one")

// SetPassword changes the password of somebody who knows the present one, and ends their sessions.
func (b *Book) SetPassword(ctx context.Context, tries *Tries, id, present, next string) (Person, error) {
	switch p, err := b.Get(ctx, id); {
	case err != nil:
		return Person{}, err
	case p.Password == "":
		return Person{}, ErrNoPassword
	}
	if err := b.Confirms(ctx, tries, id, present); err != nil {
		return Person{}, err
	}
	return b.Change(ctx, id, func(p *Person) error {
		hash, err := newPassword(next, *p)
		if err != nil {
			return err
		}
		p.Password, p.Generation = hash, p.Generation+1
		return nil
	})
}

func normal(id string) string { return strings.ToLower(strings.TrimSpace(id)) }

// secretLength is that of 256 bits in base64.
const secretLength = 43

// newSecret is 256 random bits.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// secretKey is the key of what belongs to a secret. The secret itself is stored nowhere.
func secretKey(kind, secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return kind + "." + hex.EncodeToString(sum[:])
}
