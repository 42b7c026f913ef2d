package token

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/session"
	"countersign/session/event"

	"github.com/golang-jwt/jwt/v5"
)

// record is what the Store keeps of a token. Once used, only the time of use remains.
type record struct {
	session.Proven
	Call string     `json:"call,omitempty"`
	Line string     `json:"line,omitempty"`
	Used *time.Time `json:"used,omitempty"`
}

func key(id string) string { return "token." + id }

// Issue issues a token for a call, valid on the call's line.
func (i *Issuer) Issue(ctx context.Context, k session.Known) (string, error) {
	return i.issue(ctx, record{Proven: k.Proven, Call: k.Call, Line: k.Line})
}

// IssueFor issues a token for a customer who logged in elsewhere, by methods (see Methods), for a line or AnyLine. It
// does not check that the customer exists. The error is ErrUnknownMethod if a method is not in Methods.
func (i *Issuer) IssueFor(ctx context.Context, customer string, methods []event.Method, line string) (string, error) {
	p := session.Proven{Customer: customer}
	var err error
	if p.Methods, p.Proofs, err = prove(methods); err != nil {
		return "", err
	}
	return i.issue(ctx, record{Proven: p, Line: line})
}

func (i *Issuer) issue(ctx context.Context, r record) (string, error) {
	if r.Customer == "" || r.Line == "" {
		return "", errors.New("issue a token: it needs a customer and a line")
	}
	value, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("issue a token: %w", err)
	}
	id := newID()
	now := i.now().Truncate(time.Second) // tokens have whole seconds
	c := claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: i.issuer, Audience: jwt.ClaimStrings{i.audience}, Subject: i.subject(r.Customer), ID: id,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(i.life)),
		},
		Level: ACR(r.Level(now)), Methods: make([]string, 0, len(r.Methods)), Call: r.Call, Line: r.Line,
	}
	for _, m := range r.Methods {
		c.Methods = append(c.Methods, string(m))
	}
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	keys := i.keys.now.Load()
	t.Header["kid"] = keys.first
	signed, err := t.SignedString(keys.sign)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	if len(signed) > maxSize {
		return "", fmt.Errorf(
			"issue a token: it would have %d bytes, more than the %d that can be redeemed", len(signed), maxSize,
		)
	}
	if _, err := i.store.Create(ctx, key(id), value, keep); err != nil {
		return "", fmt.Errorf("store a token: %w", err)
	}
	return signed, nil
}

// newID is 128 random bits.
func newID() string {
	id := make([]byte, 16)
	rand.Read(id) // never fails, as documented
	return base64.RawURLEncoding.EncodeToString(id)
}
