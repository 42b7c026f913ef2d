package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"countersign/web/access"
	public "countersign/web/customer"
)

// linking makes links, or fails.
type linking struct {
	made, sent []public.PageLink
	err        error
}

func (l *linking) Make(_ context.Context, to public.PageLink, _ time.Duration) (string, error) {
	l.made = append(l.made, to)
	return "https://bank.example/my/link/secret", l.err
}

func (l *linking) Send(_ context.Context, to public.PageLink, _ string) error {
	l.sent = append(l.sent, to)
	return l.err
}

func withLinks(l MakesLinks, scope access.Scope) func(*Options) {
	return func(o *Options) {
		o.Links = l
		o.APIKeys = these(Key{Name: "app", SHA256: sha256.Sum256([]byte(apiKey)), Scopes: []access.Scope{scope}})
	}
}

func TestAnAppGetsALinkForACustomer(t *testing.T) {
	t.Parallel()
	l := &linking{}
	s := newSite(t, withLinks(l, access.Customers))
	got := s.post("/v1/links", `{"customer": `+quote(customer)+`, "purpose": "page", "call": "call-1"}`)
	assert.Equal(t, 200, got.status, got.text)
	assert.Equal(t, map[string]any{"link": "https://bank.example/my/link/secret", "sent": false, "expires_in": 600.}, got.body)
	want := public.PageLink{Customer: customer, Purpose: public.ForPage, Call: "call-1"}
	assert.Equal(t, []public.PageLink{want}, l.made)
	got = s.post("/v1/links", `{"customer": `+quote(customer)+`, "send": "sms"}`)
	assert.Equal(t, map[string]any{"sent": true, "expires_in": 600.}, got.body, "the link is in the message alone")
	assert.Len(t, l.sent, 1)
	for body, status := range map[string]int{
		`{}`: 400, `{"customer": "nobody"}`: 422, `{"customer": "C-1", "purpose": "proof"}`: 400,
		`{"customer": "C-1", "send": "pigeon"}`: 400, `{"customer": "C-1", "level": 3}`: 400,
	} {
		assert.Equal(t, status, s.post("/v1/links", body).status, body)
	}
	for err, status := range map[error]int{
		public.ErrNoPhone: 422, public.ErrSendLimit: 429, public.ErrTooMany: 429, errors.New("down"): 503,
	} {
		l.err = err
		assert.Equal(t, status, s.post("/v1/links", `{"customer": `+quote(customer)+`, "send": "sms"}`).status, err)
	}
	assert.Equal(t, 503, newSite(t, withLinks(nil, access.Customers)).post("/v1/links", `{"customer": "C-1"}`).status)
}

func TestNoOtherScopeMakesALink(t *testing.T) {
	t.Parallel()
	for _, scope := range access.Scopes() {
		want := 403
		if scope == access.Customers {
			want = 200
		}
		s := newSite(t, withLinks(&linking{}, scope))
		assert.Equal(t, want, s.post("/v1/links", `{"customer": `+quote(customer)+`}`).status, scope)
	}
	assert.NotContains(t, access.DefaultScopes(), access.Customers)
}
