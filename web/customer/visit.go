package customer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

// Way says how a customer came to their page.
type Way string

const (
	// ByLink: they opened a link, which proves that they have what it was sent to, and nothing else.
	ByLink Way = "link"
	// ByToken: the company's own log-in vouches for them with an ID&V token.
	ByToken Way = "token"
)

// VisitLife is how long a customer may use their page before they have to prove anew who they are
// (docs/policy.md#customers-page).
const VisitLife = 15 * time.Minute

// Visit is a customer's session on their page: who it is, what proves that, and until when.
type Visit struct {
	session.Proven
	Way     Way     `json:"way"`
	Purpose Purpose `json:"purpose"`
	// Call is our id of the call that it belongs to; empty for none.
	Call  string    `json:"call,omitempty"`
	Until time.Time `json:"until"`
	// Begun is what a passkey that is being added, or used, has to find again.
	Begun []byte `json:"begun,omitempty"`

	key      string
	revision uint64
}

// ofLink is the visit that a link begins.
func ofLink(l PageLink) Visit {
	return Visit{
		Way: ByLink, Purpose: l.Purpose, Call: l.Call,
		Proven: session.Proven{
			Customer: l.Customer, Methods: []event.Method{event.MethodAppLink},
			Proofs: []session.Proof{{Factor: session.Possession, Method: event.MethodAppLink}},
		},
	}
}

// Visits are those of all machines. Any goroutine may use them.
type Visits struct {
	store  shared.Store
	secure bool
	now    func() time.Time
}

// Names of cookies. The prefix binds them to this host; browsers accept it over TLS only.
const (
	visitCookie = "countersign-my"
	linkCookie  = "countersign-my-link"
)

func (v *Visits) cookieName() string {
	if v.secure {
		return "__Host-" + visitCookie
	}
	return visitCookie
}

// begin begins a visit.
func (v *Visits) begin(ctx context.Context, w http.ResponseWriter, visit Visit) error {
	visit.Until = v.now().Add(VisitLife).UTC().Truncate(time.Second)
	for i, p := range visit.Proofs {
		if p.Until.IsZero() || p.Until.After(visit.Until) {
			visit.Proofs[i].Until = visit.Until
		}
	}
	value, err := json.Marshal(visit)
	if err != nil {
		return err
	}
	secret := newSecret()
	if _, err := v.store.Create(ctx, hashed("session", secret), value, VisitLife); err != nil {
		return fmt.Errorf("begin a visit: %w", err)
	}
	// Lax, not Strict: the company's own page sends customers here with a token, from another site.
	http.SetCookie(w, &http.Cookie{
		Name: v.cookieName(), Value: secret, Path: "/", HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode,
		MaxAge: int(VisitLife / time.Second),
	})
	return nil
}

// of is the visit of a request; ok is false if there is none.
func (v *Visits) of(r *http.Request) (visit Visit, ok bool, err error) {
	cookie, err := r.Cookie(v.cookieName())
	if err != nil || len(cookie.Value) != secretLength {
		return Visit{}, false, nil
	}
	key := hashed("session", cookie.Value)
	value, revision, err := v.store.Get(r.Context(), key)
	switch {
	case errors.Is(err, shared.ErrNotFound), err == nil && len(value) == 0:
		return Visit{}, false, nil
	case err != nil:
		return Visit{}, false, fmt.Errorf("look up a visit: %w", err)
	}
	if err := json.Unmarshal(value, &visit); err != nil || !v.now().Before(visit.Until) {
		return Visit{}, false, nil
	}
	visit.key, visit.revision = key, revision
	return visit, true, nil
}

// put changes a visit, unless it was changed or ended meanwhile.
func (v *Visits) put(ctx context.Context, visit Visit) error {
	value, err := json.Marshal(visit)
	if err != nil {
		return err
	}
	_, err = v.store.Update(ctx, visit.key, value, visit.revision, max(time.Second, visit.Until.Sub(v.now())))
	return err
}

// end ends a visit.
func (v *Visits) end(ctx context.Context, w http.ResponseWriter, visit Visit) error {
	http.SetCookie(w, &http.Cookie{
		Name: v.cookieName(), Path: "/", HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode, MaxAge: -1,
	})
	for range 3 {
		_, revision, err := v.store.Get(ctx, visit.key)
		if err == nil {
			_, err = v.store.Update(ctx, visit.key, nil, revision, time.Minute)
		}
		switch {
		case errors.Is(err, shared.ErrNotFound):
			return nil
		case !errors.Is(err, shared.ErrConflict):
			return err
		}
	}
	return shared.ErrConflict
}
