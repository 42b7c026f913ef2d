// Package token issues, checks and redeems ID&V tokens: what another channel has proven about a caller, or a call. A
// token can be redeemed once, within minutes, on all machines together (docs/policy.md#idv-token).
//
// A token is a JWT signed with Ed25519 (EdDSA, RFC 8037) and holds no personal data: its customer is in the Store that
// machines share. A signature alone is not enough: a token that is not in the Store, or was used, is refused. So is
// every other algorithm.
package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"countersign/session"
	"countersign/session/shared"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// DefaultLife is how long a token can be redeemed, MaxLife the longest that may be configured
	// (docs/policy.md#idv-token).
	DefaultLife = 300 * time.Second
	MaxLife     = 900 * time.Second
	// AnyLine is the line of a token that counts on every service line, and the argument for a redeemer that accepts any
	// line.
	AnyLine = "*"

	defaultName = "countersign"
	// maxSize bounds a token in bytes; ours have about 500.
	maxSize = 4 << 10
	// ahead is how far the issuing machine's clock may be ahead of ours.
	ahead = 30 * time.Second
	// keep is how long the Store keeps a token's record, used or not: longer than any token and its clock.
	keep = MaxLife + 2*ahead
	// subjectKeySize is the least size of SubjectKey in bytes.
	subjectKeySize = 32
)

// Options configure an Issuer. Store, Keys and SubjectKey are required. They must be the same on all machines, like
// Issuer and Audience.
type Options struct {
	// Store keeps the records of tokens, for all machines together.
	Store shared.Store
	Keys  *Keys
	// SubjectKey makes the opaque subject of a token from a customer's id: at least 32 random bytes. New takes a copy.
	SubjectKey []byte
	// Issuer and Audience are the claims iss and aud. Default "countersign".
	Issuer, Audience string
	// Life is how long a token can be redeemed. Default DefaultLife, at most MaxLife.
	Life time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Issuer issues, checks and redeems tokens. It may be used from any number of goroutines.
type Issuer struct {
	store            shared.Store
	keys             *Keys
	subjectKey       []byte
	issuer, audience string
	life             time.Duration
	now              func() time.Time
	parser           *jwt.Parser
}

var _ session.Tokens = (*Issuer)(nil)

// New makes an Issuer.
func New(o Options) (*Issuer, error) {
	if o.Store == nil || o.Keys == nil {
		return nil, errors.New("tokens: a store and keys are required")
	}
	if len(o.SubjectKey) < subjectKeySize {
		return nil, fmt.Errorf(
			"tokens: the subject key has %d bytes; it needs at least %d", len(o.SubjectKey), subjectKeySize,
		)
	}
	if o.Life < 0 || o.Life > MaxLife {
		return nil, fmt.Errorf("tokens: a life of %s is out of bounds; choose at most %s", o.Life, MaxLife)
	}
	i := &Issuer{
		store: o.Store, keys: o.Keys, subjectKey: append([]byte(nil), o.SubjectKey...),
		issuer: o.Issuer, audience: o.Audience, life: o.Life, now: o.Now,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithoutClaimsValidation(),
			jwt.WithStrictDecoding(),
		),
	}
	if i.issuer == "" {
		i.issuer = defaultName
	}
	if i.audience == "" {
		i.audience = defaultName
	}
	if i.life == 0 {
		i.life = DefaultLife
	}
	if i.now == nil {
		i.now = time.Now
	}
	return i, nil
}

// Life is how long its tokens can be redeemed.
func (i *Issuer) Life() time.Duration { return i.life }

// JWKS is the set of public keys as JSON (RFC 7517, RFC 8037).
func (i *Issuer) JWKS() []byte { return i.keys.JWKS() }

// claims are a token's claims. acr is "countersign:" and the level (0 to 3), amr the methods by their event names, call
// our id of the call that it comes from (none after a login elsewhere), line its service line, or "*".
type claims struct {
	jwt.RegisteredClaims          // iss aud sub iat exp jti
	Level                string   `json:"acr"`
	Methods              []string `json:"amr"`
	Call                 string   `json:"call,omitempty"`
	Line                 string   `json:"line"`
}

// ACR is the claim acr of a level.
func ACR(l session.Level) string { return fmt.Sprintf("countersign:%d", int(l)) }

// subject is a customer's opaque name for the audience: always the same, useless elsewhere, and not reversible.
func (i *Issuer) subject(customer string) string {
	mac := hmac.New(sha256.New, i.subjectKey)
	fmt.Fprintf(mac, "%d:%s%s", len(i.audience), i.audience, customer)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
