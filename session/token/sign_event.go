package token

import (
	"encoding/base64"
	"encoding/json"

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
	keys := k.now.Load()
	header, err := json.Marshal(jwsHeader{Algorithm: jwt.SigningMethodEdDSA.Alg(), KeyID: keys.first, Type: eventType})
	if err != nil {
		return "", err
	}
	protected := base64.RawURLEncoding.EncodeToString(header)
	signature, err := jwt.SigningMethodEdDSA.Sign(protected+"."+base64.RawURLEncoding.EncodeToString(body), keys.sign)
	if err != nil {
		return "", err
	}
	return protected + ".." + base64.RawURLEncoding.EncodeToString(signature), nil
}
