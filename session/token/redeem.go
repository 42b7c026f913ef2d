package token

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"

	"github.com/golang-jwt/jwt/v5"
)

// Content is what a token says, and what it stands for.
type Content struct {
	session.Proven
	// Level is what the proofs make now.
	Level session.Level
	// Call is our id of the call that it comes from, or empty. Line is the line that it counts on, or AnyLine.
	Call, Line string
	// ID, Subject, Issuer and Audience are its claims jti, sub, iss and aud.
	ID, Subject, Issuer, Audience string
	Issued, Expires               time.Time
}

// Redeem uses a token up on a line. A *session.RefusedError says why it is not taken; any other error that the Store did not answer, and that the token may
// or may not have been used up. The token stays its caller's, who wipes it; no error holds anything of it.
func (i *Issuer) Redeem(ctx context.Context, token session.Secret, line string) (session.Proven, error) {
	c, err := i.Use(ctx, token, line)
	return c.Proven, err
}

// ForCalls is an Issuer as calls see it. It refuses what calls send on: that is for the application that the call goes to, which redeems it over the API, and
// not for whoever sees it on the way, such as on an agent's telephone, and rings.
type ForCalls struct{ *Issuer }

var _ session.Tokens = ForCalls{}

// Redeem implements session.Tokens.
func (c ForCalls) Redeem(ctx context.Context, token session.Secret, line string) (session.Proven, error) {
	said, err := c.verify(token)
	if err != nil {
		return session.Proven{}, err
	}
	if said.Call != "" {
		return session.Proven{}, refused(event.RefusedForeign)
	}
	return c.Issuer.Redeem(ctx, token, line)
}

// Use is Redeem, and says all about the token. With AnyLine its line does not matter.
func (i *Issuer) Use(ctx context.Context, token session.Secret, line string) (Content, error) {
	said, err := i.verify(token)
	if err != nil {
		return Content{}, err
	}
	if line != AnyLine && said.Line != AnyLine && said.Line != line {
		return Content{}, refused(event.RefusedForeign)
	}
	c, revision, err := i.look(ctx, said)
	if err != nil {
		return Content{}, err
	}
	now := i.now().UTC()
	used, err := json.Marshal(record{Used: &now})
	if err != nil {
		return Content{}, fmt.Errorf("use a token up: %w", err)
	}
	switch _, err := i.store.Update(ctx, key(said.ID), used, revision, keep); {
	case errors.Is(err, shared.ErrConflict), errors.Is(err, shared.ErrNotFound):
		return Content{}, refused(event.RefusedReplayed) // somebody else was faster
	case err != nil:
		return Content{}, fmt.Errorf("use a token up: %w", err)
	}
	return c, nil
}

// Introspect says all about a token without using it up. active is false for one that would be refused, on whatever line; an error means that the Store did
// not answer.
func (i *Issuer) Introspect(ctx context.Context, token session.Secret) (c Content, active bool, err error) {
	said, err := i.verify(token)
	if err == nil {
		c, _, err = i.look(ctx, said)
	}
	var no *session.RefusedError
	if errors.As(err, &no) {
		return Content{}, false, nil
	}
	return c, err == nil, err
}

// verify finds out what can be found out from the token alone.
func (i *Issuer) verify(token session.Secret) (claims, error) {
	if token.Len() == 0 || token.Len() > maxSize || bytes.ContainsAny(token.Reveal(), "\r\n") { // line ends are nothing to the base64 package
		return claims{}, refused(event.RefusedMalformed)
	}
	var c claims
	_, err := i.parser.ParseWithClaims(string(token.Reveal()), &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		public, ok := i.keys.public[kid]
		if !ok {
			return nil, errors.New("no such key")
		}
		return public, nil
	})
	now := i.now()
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return claims{}, refused(event.RefusedMalformed)
	case err != nil:
		return claims{}, refused(event.RefusedForged)
	case c.Issuer != i.issuer, !slices.Equal(c.Audience, jwt.ClaimStrings{i.audience}):
		return claims{}, refused(event.RefusedForeign)
	case c.IssuedAt == nil, c.ExpiresAt == nil, !now.Before(c.ExpiresAt.Time), c.IssuedAt.After(now.Add(ahead)):
		return claims{}, refused(event.RefusedExpired)
	case c.ExpiresAt.Sub(c.IssuedAt.Time) > MaxLife:
		return claims{}, refused(event.RefusedExpired)
	}
	return c, nil
}

// look finds what a token stands for.
func (i *Issuer) look(ctx context.Context, said claims) (c Content, revision uint64, err error) {
	value, revision, err := i.store.Get(ctx, key(said.ID))
	switch {
	case errors.Is(err, shared.ErrNotFound):
		return c, 0, refused(event.RefusedUnknown)
	case err != nil:
		return c, 0, fmt.Errorf("look a token up: %w", err)
	}
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return c, 0, errors.New("look a token up: what the store has under its id is damaged")
	}
	if r.Used != nil {
		return c, 0, refused(event.RefusedReplayed)
	}
	// What is signed cannot be changed by who can write to the store.
	if !hmac.Equal([]byte(i.subject(r.Customer)), []byte(said.Subject)) || ACR(r.Level(said.IssuedAt.Time)) != said.Level {
		return c, 0, refused(event.RefusedForged)
	}
	return Content{
		Proven: r.Proven, Level: r.Level(i.now()), Call: said.Call, Line: said.Line,
		ID: said.ID, Subject: said.Subject, Issuer: said.Issuer, Audience: i.audience, Issued: said.IssuedAt.Time, Expires: said.ExpiresAt.Time,
	}, revision, nil
}

func refused(why event.Refusal) error { return &session.RefusedError{Reason: why} }
