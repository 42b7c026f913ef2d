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

// Content is a token's claims and record.
type Content struct {
	session.Proven
	// Level is the level of its proofs now.
	Level session.Level
	// Call is our id of the call that it comes from, or empty. Line is the line that it is for, or AnyLine.
	Call, Line string
	// ID, Subject, Issuer and Audience are its claims jti, sub, iss and aud.
	ID, Subject, Issuer, Audience string
	Issued, Expires               time.Time
}

// Redeem uses up a token on a line. A *session.RefusedError says why it was refused; any other error means that the
// Store did not answer, and the token may or may not have been used up. The caller still owns the token and wipes it;
// no error holds any of it.
func (i *Issuer) Redeem(ctx context.Context, token session.Secret, line string) (session.Proven, error) {
	c, err := i.Use(ctx, token, line)
	return c.Proven, err
}

// ForCalls is an Issuer for calls. It refuses tokens that calls send on: those are for the application that the call
// goes to, which redeems them over the API, and not for a caller who has seen one on the way, such as on an agent's
// telephone.
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

// Use is Redeem, and returns the token's content. With AnyLine it accepts a token for any line.
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
		return Content{}, fmt.Errorf("redeem a token: %w", err)
	}
	switch _, err := i.store.Update(ctx, key(said.ID), used, revision, keep); {
	case errors.Is(err, shared.ErrConflict), errors.Is(err, shared.ErrNotFound):
		return Content{}, refused(event.RefusedReplayed) // another redeemer came first
	case err != nil:
		return Content{}, fmt.Errorf("redeem a token: %w", err)
	}
	return c, nil
}

// Introspect returns a token's content without using it up. active is false if the token would be refused on every
// line; an error means that the Store did not answer.
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

// verify checks all that can be checked without the Store.
func (i *Issuer) verify(token session.Secret) (claims, error) {
	// the base64 package ignores line ends
	if token.Len() == 0 || token.Len() > maxSize || bytes.ContainsAny(token.Reveal(), "\r\n") {
		return claims{}, refused(event.RefusedMalformed)
	}
	var c claims
	_, err := i.parser.ParseWithClaims(string(token.Reveal()), &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		public, ok := i.keys.now.Load().public[kid]
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

// look finds a token's record.
func (i *Issuer) look(ctx context.Context, said claims) (c Content, revision uint64, err error) {
	value, revision, err := i.store.Get(ctx, key(said.ID))
	switch {
	case errors.Is(err, shared.ErrNotFound):
		return c, 0, refused(event.RefusedUnknown)
	case err != nil:
		return c, 0, fmt.Errorf("look up a token: %w", err)
	}
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return c, 0, errors.New("look up a token: its record is damaged")
	}
	if r.Used != nil {
		return c, 0, refused(event.RefusedReplayed)
	}
	// Signed claims cannot be changed by writing to the Store.
	if !hmac.Equal([]byte(i.subject(r.Customer)), []byte(said.Subject)) || ACR(r.Level(said.IssuedAt.Time)) != said.Level {
		return c, 0, refused(event.RefusedForged)
	}
	return Content{
		Proven: r.Proven, Level: r.Level(i.now()), Call: said.Call, Line: said.Line,
		ID: said.ID, Subject: said.Subject, Issuer: said.Issuer, Audience: i.audience, Issued: said.IssuedAt.Time,
		Expires: said.ExpiresAt.Time,
	}, revision, nil
}

func refused(why event.Refusal) error { return &session.RefusedError{Reason: why} }
