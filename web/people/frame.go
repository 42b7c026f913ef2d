package people

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/session/shared"
	"countersign/web/access"
)

// How long what lets people into a frame is good for (docs/policy.md#inside-another-page).
const (
	embedTokenLife = 5 * time.Minute
	frameLife      = time.Hour
)

var (
	// ErrNoAgent: the person takes no calls, or is disabled.
	ErrNoAgent = errors.New("this person is disabled, or lacks the role agent")
	// ErrEmbedToken: the token does not exist, was used, has expired, or is over with the person's sessions.
	ErrEmbedToken = errors.New("this embed token was used, has expired, or never existed: ask for a new one")
)

// Frames let people see their calls inside a page of the company's own, such as its CRM. The server of that page vouches
// for them: it gets a token, which begins one session. Only the script of its frame knows the session, no cookie holds
// it, and it is an agent's, whatever else the person may do.
type Frames struct {
	book *Book
	// Life is how long a session lasts.
	Life time.Duration
	// KeyHolds says whether an API key may still vouch for people: nil if none is ever taken back.
	KeyHolds func(ctx context.Context, name string) (bool, error)
}

// NewFrames keeps sessions of frames beside the people.
func NewFrames(book *Book) *Frames { return &Frames{book: book, Life: frameLife} }

// Frame is a session that has begun.
type Frame struct {
	Session string
	// Person is whose it is, Key the name of the API key that vouched for them.
	Person, Key string
}

// pass is what is stored of a token, and of a session.
type pass struct {
	Person     string        `json:"person"`
	Key        string        `json:"key"`
	Roles      []access.Role `json:"roles"`
	Generation int           `json:"generation"`
	Until      time.Time     `json:"until"`
}

// holds says whether the person may do what they might when they were vouched for, and has not signed out everywhere.
func (g pass) holds(p Person) bool {
	return !p.Disabled && p.Generation == g.Generation && slices.Equal(p.Roles, g.Roles)
}

// Kinds of passes, which begin their keys in the shared state.
const (
	tokenPass   = "embed"
	sessionPass = "frame"
)

// Token makes a token that begins one session for a person. key is the name of the API key that asks for it.
func (f *Frames) Token(ctx context.Context, id, key string) (token string, life time.Duration, err error) {
	p, err := f.book.Get(ctx, id)
	if err != nil {
		return "", 0, err
	}
	if p.Disabled || !slices.Contains(p.Roles, access.Agent) {
		return "", 0, ErrNoAgent
	}
	given := pass{Person: p.ID, Key: key, Roles: p.Roles, Generation: p.Generation}
	token, err = f.give(ctx, tokenPass, given, embedTokenLife)
	return token, embedTokenLife, err
}

// Begin uses a token up and begins a session.
func (f *Frames) Begin(ctx context.Context, token string) (Frame, error) {
	given, revision, err := f.find(ctx, tokenPass, token)
	if err != nil {
		return Frame{}, err
	}
	switch p, err := f.book.Get(ctx, given.Person); {
	case errors.Is(err, ErrNobody), err == nil && !given.holds(p):
		return Frame{}, ErrEmbedToken
	case err != nil:
		return Frame{}, err
	}
	if ok, err := f.keyHolds(ctx, given.Key); err != nil || !ok {
		return Frame{}, cmp.Or(err, ErrEmbedToken)
	}
	_, err = f.book.store.Update(ctx, secretKey(tokenPass, token), nil, revision, embedTokenLife)
	if errors.Is(err, shared.ErrConflict) { // another frame was faster
		return Frame{}, ErrEmbedToken
	}
	if err != nil {
		return Frame{}, fmt.Errorf("use an embed token up: %w", err)
	}
	session, err := f.give(ctx, sessionPass, given, f.Life)
	return Frame{Session: session, Person: given.Person, Key: given.Key}, err
}

// Who is the person of a frame's session; ok is false if there is none, or not any more.
func (f *Frames) Who(ctx context.Context, session string) (w access.Who, ok bool, err error) {
	given, _, err := f.find(ctx, sessionPass, session)
	if errors.Is(err, ErrEmbedToken) {
		return access.Who{}, false, nil
	}
	if err != nil {
		return access.Who{}, false, err
	}
	p, err := f.book.recent(ctx, given.Person)
	if errors.Is(err, ErrNobody) || err == nil && !given.holds(p) {
		return access.Who{}, false, nil
	}
	if err != nil {
		return access.Who{}, false, err
	}
	if ok, err = f.keyHolds(ctx, given.Key); err != nil || !ok {
		return access.Who{}, false, err
	}
	w = p.Who()
	w.Roles, w.Language = []access.Role{access.Agent}, "" // it speaks the language of the page around it
	return w, true, nil
}

func (f *Frames) keyHolds(ctx context.Context, name string) (bool, error) {
	if f.KeyHolds == nil {
		return true, nil
	}
	return f.KeyHolds(ctx, name)
}

// give stores a pass under a new secret.
func (f *Frames) give(ctx context.Context, kind string, p pass, life time.Duration) (secret string, err error) {
	secret, p.Until = newSecret(), f.book.now().Add(life)
	value, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	if _, err := f.book.store.Create(ctx, secretKey(kind, secret), value, life); err != nil {
		return "", fmt.Errorf("let somebody into a frame: %w", err)
	}
	return secret, nil
}

// find returns ErrEmbedToken if there is no such pass any more.
func (f *Frames) find(ctx context.Context, kind, secret string) (p pass, revision uint64, err error) {
	value, revision, err := f.book.store.Get(ctx, secretKey(kind, secret))
	switch {
	case errors.Is(err, shared.ErrNotFound), err == nil && len(value) == 0:
		return pass{}, 0, ErrEmbedToken
	case err != nil:
		return pass{}, 0, fmt.Errorf("look up a frame: %w", err)
	}
	if err := json.Unmarshal(value, &p); err != nil || !f.book.now().Before(p.Until) {
		return pass{}, 0, ErrEmbedToken
	}
	return p, revision, nil
}
