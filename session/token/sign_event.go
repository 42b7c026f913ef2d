package token

import (
	"crypto/ed25519"
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
	encoding := base64.RawURLEncoding
	length := encoding.EncodedLen(len(header))
	signed := make([]byte, 0, length+1+encoding.EncodedLen(len(body)))
	signed = append(encoding.AppendEncode(signed, header), '.')
	signed = encoding.AppendEncode(signed, body)
	detached := make([]byte, 0, length+2+encoding.EncodedLen(ed25519.SignatureSize))
	detached = append(append(detached, signed[:length]...), ".."...)
	return string(encoding.AppendEncode(detached, ed25519.Sign(keys.sign, signed))), nil
}
