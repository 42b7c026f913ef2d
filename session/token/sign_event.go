package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// eventType is the type of a signature of an event. No token has it, so neither counts for the other.
const eventType = "countersign-event+jws"

type jwsHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`
}

// SignEvent signs an event's bytes: a JWS with detached content (RFC 7515, appendix F), EdDSA, that the keys of JWKS
// verify.
func (k *Keys) SignEvent(body []byte) (jws string, err error) {
	header, err := json.Marshal(jwsHeader{Algorithm: jwt.SigningMethodEdDSA.Alg(), KeyID: k.first, Type: eventType})
	if err != nil {
		return "", err
	}
	protected := base64.RawURLEncoding.EncodeToString(header)
	signature, err := jwt.SigningMethodEdDSA.Sign(protected+"."+base64.RawURLEncoding.EncodeToString(body), k.sign)
	if err != nil {
		return "", err
	}
	return protected + ".." + base64.RawURLEncoding.EncodeToString(signature), nil
}

var errSignature = errors.New("the event is not signed by a key that is known here")

// VerifyEvent checks a signature of SignEvent.
func (k *Keys) VerifyEvent(body []byte, jws string) error {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 || parts[1] != "" {
		return errSignature
	}
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return errSignature
	}
	var h jwsHeader
	if json.Unmarshal(header, &h) != nil || h.Algorithm != jwt.SigningMethodEdDSA.Alg() || h.Type != eventType {
		return errSignature
	}
	key, known := k.public[h.KeyID]
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if !known || err != nil {
		return errSignature
	}
	if jwt.SigningMethodEdDSA.Verify(parts[0]+"."+base64.RawURLEncoding.EncodeToString(body), signature, key) != nil {
		return errSignature
	}
	return nil
}
