// Package apikeys keeps the keys with which programs use the HTTP API, on the state that machines share: made, rotated and
// revoked while the service runs. It answers "whose key is this, and what may it do?". Keys of the settings are not here.
package apikeys

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"countersign/web/access"
)

// Key lets one program use the API. The secret itself is stored nowhere.
type Key struct {
	// Name is its owner: a word.
	Name string `json:"name"`
	// Scopes are what it may do.
	Scopes []access.Scope `json:"scopes"`
	// Sum is the SHA-256 of the secret, in hexadecimal. The secret is random, so a fast hash does.
	Sum string `json:"sha256"`
	// Old is that of the secret before the last rotation, which is good until OldUntil.
	Old      string    `json:"old_sha256,omitempty"`
	OldUntil time.Time `json:"old_until,omitzero"`
	Created  time.Time `json:"created"`
	Rotated  time.Time `json:"rotated,omitzero"`
	// Used is the day of the last use (UTC), such as 2026-11-30, or "". OldUsed is that of the old secret.
	Used    string `json:"used,omitempty"`
	OldUsed string `json:"old_used,omitempty"`
}

// prefix lets scanners for secrets know what they found.
const prefix = "csk_"

// namePattern has no "_": that ends the name in a key.
var namePattern = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$`)

// Check lists what is wrong with a key.
func (k Key) Check() error {
	var errs []error
	if !namePattern.MatchString(k.Name) {
		errs = append(errs, fmt.Errorf("the name %q must be a word of at most 32 small letters, digits and hyphens", k.Name))
	}
	if len(k.Scopes) == 0 {
		errs = append(errs, fmt.Errorf("a scope is missing: %s", words(access.Scopes())))
	}
	for _, s := range k.Scopes {
		if !slices.Contains(access.Scopes(), s) {
			errs = append(errs, fmt.Errorf("there is no scope %q: it can be %s", s, words(access.Scopes())))
		}
	}
	return errors.Join(errs...)
}

// ScopesText is what the audit log says of a key's scopes.
func ScopesText(k Key) string { return "scopes " + words(k.Scopes) }

func words(scopes []access.Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// OldIsGood says whether the secret before the last rotation still counts.
func (k Key) OldIsGood(now time.Time) bool { return k.Old != "" && now.Before(k.OldUntil) }

// newSecret makes a key of that name, with 256 random bits.
func newSecret(name string) (secret, sum string) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	secret = prefix + name + "_" + base64.RawURLEncoding.EncodeToString(b[:])
	return secret, sumOf(secret)
}

func sumOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// nameIn is the name in a key, or "" if it is none of ours.
func nameIn(shown string) string {
	rest, ok := strings.CutPrefix(shown, prefix)
	name, _, more := strings.Cut(rest, "_")
	if !ok || !more || !namePattern.MatchString(name) {
		return ""
	}
	return name
}

// opens says whether the secret with this sum is that of the key; old: the one before the last rotation.
func (k Key) opens(sum string, now time.Time) (ok, old bool) {
	same := func(a string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(sum)) == 1 }
	if same(k.Sum) {
		return true, false
	}
	old = k.OldIsGood(now) && same(k.Old)
	return old, old
}
