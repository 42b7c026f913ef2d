// Package walls lets a screen on a wall show the board: it shows a code, and somebody who is signed in pairs it. It
// answers "which screen is this, and who paired it?". A paired screen is nobody who is signed in: it has no role, and a
// cookie of its own that opens /wall and nothing else.
package walls

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
)

// Errors of a Book. Any other error means that the shared state is unavailable.
var (
	// ErrCode: no screen shows this code, or not any more.
	ErrCode = errors.New("no screen shows this code")
	// ErrUnknown: there is no such screen: it was revoked, or never paired.
	ErrUnknown = errors.New("there is no such screen")
	// ErrTooMany: too many codes were asked for or tried.
	ErrTooMany = errors.New("too many codes: wait ten minutes")
)

// Limits (docs/policy.md#walls).
const (
	codeLife = 10 * time.Minute
	// codeLength of 32 letters and digits are 40 bits: with maxShown codes shown at once and wrongCodes tries, one of a
	// hundred million persons who guess would hit one.
	codeLength = 8
	wrongCodes = 10
	// newCodes is how many codes an address gets in ten minutes, maxShown all together.
	newCodes = 20
	maxShown = 1000
	maxName  = 60
)

// letters of codes: none that looks like another.
const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// Wall is a paired screen.
type Wall struct {
	// ID is a hash of the secret that the screen has.
	ID string `json:"id"`
	// Name says where it hangs.
	Name string `json:"name"`
	// By is who paired it: the screen shows what they see. Line is the line that it shows, or "" for all.
	By   string    `json:"by"`
	Line string    `json:"line,omitempty"`
	At   time.Time `json:"at"`
}

// pairing is a code that a screen shows.
type pairing struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
}

// Book keeps the screens on the state that machines share. Any goroutine may use it.
type Book struct {
	store shared.Store
	now   func() time.Time

	mu    sync.Mutex
	tries map[string][]time.Time
}

// New keeps screens in store. now is the clock.
func New(store shared.Store, now func() time.Time) *Book {
	return &Book{store: store, now: now, tries: map[string][]time.Time{}}
}

// Secret makes the secret of a new screen.
func Secret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// ID is that of the screen with this secret.
func ID(secret string) string { return hashed("wall " + secret) }

func codeKey(code string) string { return "pairing." + hashed("code "+code) }

func wallKey(id string) string { return "wall." + id }

// Show returns a code for the screen with this secret, and until when it is good. from is the screen's address.
func (b *Book) Show(ctx context.Context, secret, from string) (code string, until time.Time, err error) {
	if !b.allow("from "+from, newCodes) || !b.allow("all", maxShown) {
		return "", time.Time{}, ErrTooMany
	}
	until = b.now().Add(codeLife)
	value, err := json.Marshal(pairing{ID: ID(secret), Until: until})
	if err != nil {
		return "", time.Time{}, err
	}
	code = newCode()
	if _, err := b.store.Create(ctx, codeKey(code), value, codeLife); err != nil {
		return "", time.Time{}, fmt.Errorf("show a code: %w", err)
	}
	return code, until, nil
}

func newCode() string {
	code := make([]byte, codeLength)
	_, _ = rand.Read(code) // never fails
	for i, b := range code {
		code[i] = letters[int(b)%len(letters)] // 256 is a multiple of 32: all come equally often
	}
	return string(code)
}

// Normal is a code as it was shown: people write it with spaces, hyphens and small letters.
func Normal(code string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code))
}

// Pair makes the screen that shows the code show what somebody sees. A code works once.
func (b *Book) Pair(ctx context.Context, code string, w Wall) (Wall, error) {
	if !b.allow("by "+w.By, wrongCodes) {
		return Wall{}, ErrTooMany
	}
	key := codeKey(Normal(code))
	value, revision, err := b.store.Get(ctx, key)
	if errors.Is(err, shared.ErrNotFound) || err == nil && len(value) == 0 {
		return Wall{}, ErrCode
	}
	if err != nil {
		return Wall{}, fmt.Errorf("pair a screen: %w", err)
	}
	var p pairing
	if err := json.Unmarshal(value, &p); err != nil || b.now().After(p.Until) {
		return Wall{}, ErrCode
	}
	if _, err := b.store.Update(ctx, key, nil, revision, time.Minute); errors.Is(err, shared.ErrConflict) {
		return Wall{}, ErrCode // somebody else was faster
	} else if err != nil {
		return Wall{}, fmt.Errorf("pair a screen: %w", err)
	}
	w.ID, w.At, w.Name = p.ID, b.now().UTC().Truncate(time.Second), cut(strings.TrimSpace(w.Name))
	if err := b.put(ctx, w.ID, &w); err != nil {
		return Wall{}, fmt.Errorf("pair a screen: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.tries, "by "+w.By)
	return w, nil
}

func cut(name string) string {
	if r := []rune(name); len(r) > maxName {
		return string(r[:maxName])
	}
	return name
}

// put writes a screen; nil takes it away.
func (b *Book) put(ctx context.Context, id string, w *Wall) (err error) {
	var value []byte
	keep := time.Minute
	if w != nil {
		keep = shared.Forever
		if value, err = json.Marshal(w); err != nil {
			return err
		}
	}
	for range 5 {
		_, revision, err := b.store.Get(ctx, wallKey(id))
		switch {
		case errors.Is(err, shared.ErrNotFound):
			_, err = b.store.Create(ctx, wallKey(id), value, keep)
		case err == nil:
			_, err = b.store.Update(ctx, wallKey(id), value, revision, keep)
		}
		if !errors.Is(err, shared.ErrConflict) {
			return err
		}
	}
	return shared.ErrConflict
}

// Find finds the screen with this secret.
func (b *Book) Find(ctx context.Context, secret string) (Wall, error) { return b.find(ctx, ID(secret)) }

func (b *Book) find(ctx context.Context, id string) (w Wall, err error) {
	if len(id) != sha256.Size*2 || strings.Trim(id, "0123456789abcdef") != "" {
		return Wall{}, ErrUnknown
	}
	value, _, err := b.store.Get(ctx, wallKey(id))
	if errors.Is(err, shared.ErrNotFound) || err == nil && len(value) == 0 {
		return Wall{}, ErrUnknown
	}
	if err == nil {
		err = json.Unmarshal(value, &w)
	}
	if err != nil {
		return Wall{}, fmt.Errorf("look up a screen: %w", err)
	}
	return w, nil
}

// All lists the paired screens, by name.
func (b *Book) All(ctx context.Context) (all []Wall, err error) {
	values, err := b.store.All(ctx, "wall")
	if err != nil {
		return nil, fmt.Errorf("list the screens: %w", err)
	}
	for _, value := range values {
		var w Wall
		if len(value) > 0 && json.Unmarshal(value, &w) == nil {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b Wall) int { return strings.Compare(a.Name+"\x00"+a.ID, b.Name+"\x00"+b.ID) })
	return all, nil
}

// Revoke takes a screen away. It goes dark at its next look.
func (b *Book) Revoke(ctx context.Context, id string) (Wall, error) {
	w, err := b.find(ctx, id)
	if err != nil {
		return Wall{}, err
	}
	if err := b.put(ctx, id, nil); err != nil {
		return Wall{}, fmt.Errorf("revoke a screen: %w", err)
	}
	return w, nil
}

// allow counts a try, and says whether there were not too many in the last ten minutes. Each machine counts by itself.
func (b *Book) allow(who string, most int) bool {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.tries) > 10_000 {
		clear(b.tries)
	}
	recent := slices.DeleteFunc(b.tries[who], func(t time.Time) bool { return now.Sub(t) >= codeLife })
	if len(recent) >= most {
		b.tries[who] = recent
		return false
	}
	b.tries[who] = append(recent, now)
	return true
}
