// Package token answers what another channel has proven about a caller, and hands on what a call has proven: ID&V tokens, which can be used once, within
// minutes, on all machines together (policy.md, "ID&V token").
//
// A token is a JWT that is signed with Ed25519 (EdDSA, RFC 8037) and says nothing about a person: who it stands for is in the Store that machines share.
// It refuses to trust a token for what it says alone: what is not in the Store, or was used, counts for nothing. It refuses every other algorithm.
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
	// DefaultLife is how long a token can be redeemed, MaxLife the longest that may be configured (policy.md).
	DefaultLife = 300 * time.Second
	MaxLife     = 900 * time.Second
	// AnyLine is the line of a token that counts on every service line, and what to ask for where the line does not matter.
	AnyLine = "*"

	defaultName = "countersign"
	// maxSize bounds what is looked at as a token; ours have about 500 bytes.
	maxSize = 4 << 10
	// ahead is how far the clock of the machine that issued a token may be ahead of ours.
	ahead = 30 * time.Second
	// keep is how long what a token stands for, and that it was used, is kept: longer than any token and its clock.
	keep = MaxLife + 2*ahead
	// subjectKeySize is the least that the key of the subjects must have, in bytes.
	subjectKeySize = 32
)

// Options are what an Issuer needs. Store, Keys and SubjectKey are required, and must be the same on all machines, like Issuer and Audience.
type Options struct {
	// Store keeps what tokens stand for, for all machines together.
	Store shared.Store
	Keys  *Keys
	// SubjectKey is the key under which a customer's id becomes the opaque subject of a token: at least 32 random bytes. New takes a copy.
	SubjectKey []byte
	// Issuer and Audience name who makes tokens and whom they are for (iss, aud). Default "countersign".
	Issuer, Audience string
	// Life is how long a token can be redeemed. Default DefaultLife, at most MaxLife.
	Life time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Issuer makes, checks and redeems tokens. It may be used from any number of goroutines.
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
		return nil, fmt.Errorf("tokens: the key of the subjects has %d bytes; it needs at least %d", len(o.SubjectKey), subjectKeySize)
	}
	if o.Life < 0 || o.Life > MaxLife {
		return nil, fmt.Errorf("tokens: a life of %s is out of bounds; choose at most %s", o.Life, MaxLife)
	}
	i := &Issuer{
		store: o.Store, keys: o.Keys, subjectKey: append([]byte(nil), o.SubjectKey...),
		issuer: o.Issuer, audience: o.Audience, life: o.Life, now: o.Now,
		parser: jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding()),
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

// JWKS is the set of keys that tokens are verified with, as JSON (RFC 7517, RFC 8037).
func (i *Issuer) JWKS() []byte { return i.keys.JWKS() }

// claims are all that a token says. acr is "countersign:" and the level (0 to 3), amr the methods in the words of the events, call our id of the call that
// it comes from (none after a login elsewhere), line the service line that it is for, or "*".
type claims struct {
	jwt.RegisteredClaims          // iss aud sub iat exp jti
	Level                string   `json:"acr"`
	Methods              []string `json:"amr"`
	Call                 string   `json:"call,omitempty"`
	Line                 string   `json:"line"`
}

// ACR is how a token names a level: its claim acr.
func ACR(l session.Level) string { return fmt.Sprintf("countersign:%d", int(l)) }

// subject is a customer's name towards the audience: always the same, of no use to anybody else, and not to be turned back into the customer's id.
func (i *Issuer) subject(customer string) string {
	mac := hmac.New(sha256.New, i.subjectKey)
	fmt.Fprintf(mac, "%d:%s%s", len(i.audience), i.audience, customer)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
