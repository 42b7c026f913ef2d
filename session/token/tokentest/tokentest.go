// Package tokentest answers "did the service sign this?" as somebody does it who has nothing but jwks.json. It is for
// tests only.
package tokentest

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// Types of what the service signs beside tokens.
const (
	Status = "countersign-status+jwt"
	Event  = "countersign-event+jws"
)

// ErrForged: the service has not signed this as that.
var ErrForged = errors.New("not signed by a key of jwks.json as what it should be")

// Verify checks a compact JWS of a type, and returns its content. Of a detached one that is content, else content must
// be nil.
func Verify(jwks []byte, kind, jws string, content []byte) ([]byte, error) {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 || (content != nil) != (parts[1] == "") {
		return nil, ErrForged
	}
	if content != nil {
		parts[1] = base64.RawURLEncoding.EncodeToString(content)
	}
	var raw [3][]byte
	for i, part := range parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return nil, ErrForged
		}
	}
	var header struct{ Alg, Kid, Typ string }
	if json.Unmarshal(raw[0], &header) != nil || header.Alg != "EdDSA" || header.Typ != kind {
		return nil, ErrForged
	}
	if key := public(jwks, header.Kid); key == nil || !ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), raw[2]) {
		return nil, ErrForged
	}
	return raw[1], nil
}

// public is a key of jwks.json, or nil.
func public(jwks []byte, id string) ed25519.PublicKey {
	var set struct{ Keys []struct{ Kid, X string } }
	_ = json.Unmarshal(jwks, &set)
	for _, k := range set.Keys {
		if x, err := base64.RawURLEncoding.DecodeString(k.X); k.Kid == id && err == nil && len(x) == ed25519.PublicKeySize {
			return x
		}
	}
	return nil
}
