package customer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/callback"
	"countersign/session/shared"
)

// Purpose says what a link is for.
type Purpose string

const (
	// ForPage: the customer looks at their page.
	ForPage Purpose = "page"
	// ForProof: a call asks them whether they are calling.
	ForProof Purpose = "proof"
	// ForAlert: the company wants to talk to them. Such a link is good for days, and shows what it is about, callbacks, and
	// whether the company is calling, and nothing else.
	ForAlert Purpose = "alert"
)

// life is how long a link is good that is sent.
func (p Purpose) life() time.Duration {
	if p == ForAlert {
		return callback.AlertFor
	}
	return LinkLife
}

// PageLink lets a customer open their page once.
type PageLink struct {
	// Customer is the customer's id.
	Customer string  `json:"customer"`
	Purpose  Purpose `json:"purpose"`
	// Call is our id of the call that it belongs to; empty for none.
	Call  string    `json:"call,omitempty"`
	Until time.Time `json:"until"`
}

// Errors of Links. Any other error means that the shared state is unavailable.
var (
	// ErrLink: the link does not exist, was used, or has expired.
	ErrLink = errors.New("this link was used, has expired, or never existed")
	// ErrTooMany: the customer was given too many links lately.
	ErrTooMany = errors.New("too many links for this customer")
)

// LinkLife is how long a link to the page is good (docs/policy.md#customers-page).
const LinkLife = 10 * time.Minute

// Bounds on links (docs/policy.md#customers-page).
const (
	mostLinks  = 10
	linksEvery = 10 * time.Minute
)

// Links are good once, on all machines together. Of a link only a hash is stored. Any goroutine may use them.
type Links struct {
	store shared.Store
	url   func() string
	now   func() time.Time
	made  *limit
}

// NewLinks makes Links below an address, which has no slash at its end: it is asked for with each link. now is the clock.
func NewLinks(store shared.Store, url func() string, now func() time.Time) *Links {
	return &Links{store, url, now, newLimit(mostLinks, linksEvery)}
}

// linkPath is before a link's secret.
const linkPath = "/my/link/"

// Make makes a link, which is good for a time. Whoever has its address can open it: it goes to the customer and nowhere
// else.
func (l *Links) Make(ctx context.Context, to PageLink, within time.Duration) (address string, err error) {
	if !l.made.allows(to.Customer, l.now()) {
		return "", ErrTooMany
	}
	to.Until = l.now().Add(within).UTC()
	value, err := json.Marshal(to)
	if err != nil {
		return "", err
	}
	secret := newSecret()
	if _, err := l.store.Create(ctx, hashed("link", secret), value, within); err != nil {
		return "", fmt.Errorf("make a link: %w", err)
	}
	return l.url() + linkPath + secret, nil
}

// use uses a link up.
func (l *Links) use(ctx context.Context, secret string) (PageLink, error) {
	if len(secret) != secretLength {
		return PageLink{}, ErrLink
	}
	key := hashed("link", secret)
	value, revision, err := l.store.Get(ctx, key)
	switch {
	case errors.Is(err, shared.ErrNotFound), err == nil && len(value) == 0:
		return PageLink{}, ErrLink
	case err != nil:
		return PageLink{}, fmt.Errorf("look up a link: %w", err)
	}
	var link PageLink
	if err := json.Unmarshal(value, &link); err != nil || !l.now().Before(link.Until) {
		return PageLink{}, ErrLink
	}
	_, err = l.store.Update(ctx, key, nil, revision, LinkLife)
	switch {
	case errors.Is(err, shared.ErrConflict), errors.Is(err, shared.ErrNotFound):
		return PageLink{}, ErrLink // somebody else was faster
	case err != nil:
		return PageLink{}, fmt.Errorf("use a link up: %w", err)
	}
	return link, nil
}
