package customer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// secretLength is that of 256 random bits in base64.
const secretLength = 43

// newSecret is 256 random bits.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// hashed is the key of what belongs to a text: a secret, which is stored nowhere, or a customer's id, which may hold
// characters that keys may not.
func hashed(kind, text string) string {
	sum := sha256.Sum256([]byte(text))
	return kind + "." + hex.EncodeToString(sum[:])
}
