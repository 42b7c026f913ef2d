package token

import (
	"fmt"

	"github.com/golang-jwt/jwt/v5"

	"countersign/session/event"
)

// statusType is the type of a signed status. No token and no signature of an event has it, so none counts for another.
const statusType = "countersign-status+jwt"

// Status is what a signed status says. It is enough to act on, and says nothing of who answers the call.
type Status struct {
	// ID is the id of the event, by which a copy is recognised, and IssuedAt its time.
	ID       string           `json:"jti"`
	IssuedAt *jwt.NumericDate `json:"iat"`
	Call     string           `json:"call"`
	// Continues is the first id of the call if it came back: the one that agents know.
	Continues string       `json:"continues,omitempty"`
	Line      string       `json:"line"`
	Status    event.Status `json:"status"`
	Level     int          `json:"level"`
	Customer  string       `json:"customer,omitempty"`
	PopURL    string       `json:"pop_url,omitempty"`
}

// StatusOf is what of an event is signed; ok is false if it says nothing about who the caller is.
func StatusOf(e event.Event) (s Status, ok bool) {
	s = Status{ID: e.ID, IssuedAt: jwt.NewNumericDate(e.Time), Call: e.Call, Line: e.Line}
	switch d := e.Data.(type) {
	case event.Identified:
		s.Status, s.Level, s.Customer, s.PopURL, s.Continues = d.Status, d.Level, d.Customer, d.PopURL, d.Continues
	case event.Verified:
		s.Status, s.Level, s.Customer, s.PopURL, s.Continues = d.Status, d.Level, d.Customer, d.PopURL, d.Continues
	case event.Failed:
		s.Status, s.Level, s.Customer, s.PopURL, s.Continues = d.Status, d.Level, d.Customer, d.PopURL, d.Continues
	default:
		return Status{}, false
	}
	return s, true
}

// The methods of jwt.Claims. A status has neither an end nor an audience: who acts on it looks at its age.

// GetExpirationTime implements jwt.Claims.
func (Status) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil }

// GetIssuedAt implements jwt.Claims.
func (s Status) GetIssuedAt() (*jwt.NumericDate, error) { return s.IssuedAt, nil }

// GetNotBefore implements jwt.Claims.
func (Status) GetNotBefore() (*jwt.NumericDate, error) { return nil, nil }

// GetIssuer implements jwt.Claims.
func (Status) GetIssuer() (string, error) { return "", nil }

// GetSubject implements jwt.Claims.
func (Status) GetSubject() (string, error) { return "", nil }

// GetAudience implements jwt.Claims.
func (Status) GetAudience() (jwt.ClaimStrings, error) { return nil, nil }

// SignStatus signs what an event says about the caller, as a compact JWS that the keys of JWKS verify.
func (k *Keys) SignStatus(e event.Event) (jws string, err error) {
	s, ok := StatusOf(e)
	if !ok {
		return "", fmt.Errorf("sign the status: %s says nothing about who the caller is", e.Fact())
	}
	keys, t := k.now.Load(), jwt.NewWithClaims(jwt.SigningMethodEdDSA, s)
	t.Header["typ"], t.Header["kid"] = statusType, keys.first
	if jws, err = t.SignedString(keys.sign); err != nil {
		return "", fmt.Errorf("sign the status: %w", err)
	}
	return jws, nil
}
