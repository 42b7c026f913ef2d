package people

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/alexedwards/scs/v2"

	"countersign/session/shared"
	"countersign/web/access"
)

// sessionLife is a long shift (docs/policy.md#people).
const sessionLife = 12 * time.Hour

// readWithin bounds how long a session may take to be read again.
const readWithin = 2 * time.Second

// Cookie names. The prefix binds the cookie to this host; browsers accept it over TLS only.
const (
	plainCookie  = "countersign"
	secureCookie = "__Host-countersign"
)

// Sessions are the browsers in which people are signed in, on all machines.
type Sessions struct {
	book    *Book
	manager *scs.SessionManager
}

// NewSessions keeps sessions beside the people. secure says that browsers reach us over TLS.
func NewSessions(book *Book, secure bool) *Sessions {
	// Not scs.New: its store in memory has a goroutine that nobody ends.
	m := &scs.SessionManager{Codec: scs.GobCodec{}, Store: store{book.store}}
	m.Lifetime = sessionLife
	m.HashTokenInStore = true
	m.Cookie.Name, m.Cookie.Secure = plainCookie, secure
	if secure {
		m.Cookie.Name = secureCookie
	}
	m.Cookie.Path, m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Persist = "/", true, http.SameSiteLaxMode, false
	return &Sessions{book: book, manager: m}
}

const (
	idValue         = "id"
	generationValue = "generation"
)

// Load makes the session of a request available to next. unavailable answers when it cannot be read.
func (s *Sessions) Load(next http.Handler, unavailable func(http.ResponseWriter, *http.Request, error)) http.Handler {
	m := *s.manager
	m.ErrorFunc = unavailable
	return m.LoadAndSave(next)
}

// SignIn begins a session for the person. An earlier session of the browser is over.
func (s *Sessions) SignIn(ctx context.Context, p Person) error {
	if err := s.manager.RenewToken(ctx); err != nil {
		return err
	}
	s.manager.Remove(ctx, begunValue)
	s.manager.Put(ctx, idValue, p.ID)
	s.manager.Put(ctx, generationValue, p.Generation)
	return nil
}

// begunLife is how long a sign-in may take that goes on in another place (docs/policy.md#people), and maxBegun how many a
// browser may have begun, such as one for each tab.
const (
	begunLife = 10 * time.Minute
	maxBegun  = 4
)

// begun is what a sign-in has to find again.
type begun struct {
	Kind  string    `json:"kind"`
	Value []byte    `json:"value"`
	Until time.Time `json:"until"`
}

const begunValue = "begun"

// Take finds the latest that was begun of a kind and is the one, and forgets it: no answer counts twice.
func (s *Sessions) Take(ctx context.Context, kind string, isIt func(value []byte) bool) (value []byte, ok bool) {
	all := s.allBegun(ctx)
	at := slices.IndexFunc(all, func(b begun) bool { return b.Kind == kind && isIt(b.Value) })
	if at < 0 {
		return nil, false
	}
	value = all[at].Value
	text, err := json.Marshal(slices.Delete(all, at, at+1))
	if err != nil {
		return nil, false
	}
	s.manager.Put(ctx, begunValue, text)
	return value, true
}

func (s *Sessions) allBegun(ctx context.Context) (all []begun) {
	if text := s.manager.GetBytes(ctx, begunValue); text != nil {
		_ = json.Unmarshal(text, &all) // what cannot be read was not begun
	}
	return slices.DeleteFunc(all, func(b begun) bool { return !s.book.now().Before(b.Until) })
}

// Begin keeps what a sign-in, or a passkey that is being added, has to find again. Without anybody signed in the session
// ends when that does.
func (s *Sessions) Begin(ctx context.Context, kind string, value []byte) error {
	all := append([]begun{{Kind: kind, Value: value, Until: s.book.now().Add(begunLife)}}, s.allBegun(ctx)...)
	text, err := json.Marshal(all[:min(len(all), maxBegun)])
	if err != nil {
		return err
	}
	s.manager.Put(ctx, begunValue, text)
	if s.manager.GetString(ctx, idValue) == "" {
		s.manager.SetDeadline(ctx, time.Now().Add(begunLife).UTC())
	}
	return nil
}

// SignOut ends the session.
func (s *Sessions) SignOut(ctx context.Context) error { return s.manager.Destroy(ctx) }

// Who is the person of the request's session; ok is false if nobody is signed in.
func (s *Sessions) Who(ctx context.Context) (w access.Who, ok bool, err error) {
	id := s.manager.GetString(ctx, idValue)
	if id == "" {
		return access.Who{}, false, nil
	}
	p, err := s.book.recent(ctx, id)
	switch {
	case errors.Is(err, ErrNobody):
		return access.Who{}, false, nil
	case err != nil:
		return access.Who{}, false, err
	}
	if p.Disabled || p.Generation != s.manager.GetInt(ctx, generationValue) {
		return access.Who{}, false, nil
	}
	return p.Who(), true, nil
}

// Now is Who as it is now: of a request that takes long, the session may have ended, or another may have begun.
func (s *Sessions) Now(r *http.Request) (w access.Who, ok bool, err error) {
	token := s.manager.Token(r.Context())
	ctx, cancel := context.WithTimeout(context.Background(), readWithin) // r's has the session as it was
	defer cancel()
	ctx, err = s.manager.Load(ctx, token)
	if err != nil {
		return access.Who{}, false, err
	}
	return s.Who(ctx)
}

// store implements scs.CtxStore.
type store struct{ shared.Store }

var _ scs.CtxStore = store{}

// scs requires these, and calls those with a context.
func (s store) Find(string) ([]byte, bool, error)      { return nil, false, errNoContext }
func (s store) Commit(string, []byte, time.Time) error { return errNoContext }
func (s store) Delete(string) error                    { return errNoContext }

var errNoContext = errors.New("sessions are stored with a context")

// sessionKey: the token is a hash in base64, of which keys may hold no "+", "/" and "=".
func sessionKey(token string) string { return secretKey("session", token) }

// FindCtx implements scs.CtxStore.
func (s store) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	value, _, err := s.Get(ctx, sessionKey(token))
	if errors.Is(err, shared.ErrNotFound) {
		return nil, false, nil
	}
	return value, err == nil && len(value) > 0, err
}

// CommitCtx implements scs.CtxStore.
func (s store) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	return s.put(ctx, token, b, max(time.Second, time.Until(expiry)))
}

// DeleteCtx implements scs.CtxStore.
func (s store) DeleteCtx(ctx context.Context, token string) error {
	return s.put(ctx, token, nil, time.Minute)
}

func (s store) put(ctx context.Context, token string, b []byte, keep time.Duration) error {
	for range updateTries {
		value, revision, err := s.Get(ctx, sessionKey(token))
		switch {
		case err == nil && len(value) == 0: // it is over: a request that began before changes nothing
			return nil
		case errors.Is(err, shared.ErrNotFound) && b == nil:
			return nil
		case errors.Is(err, shared.ErrNotFound):
			_, err = s.Create(ctx, sessionKey(token), b, keep)
		case err == nil:
			_, err = s.Update(ctx, sessionKey(token), b, revision, keep)
		}
		if !errors.Is(err, shared.ErrConflict) {
			return err
		}
	}
	return shared.ErrConflict
}
