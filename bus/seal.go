package bus

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"strings"

	"countersign/session/shared"
)

// newSeal is AES-256-GCM with random nonces, or nothing without a key.
func newSeal(key []byte) (cipher.AEAD, error) {
	if len(key) == 0 {
		return nil, nil
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("the key that seals the shared state has %d bytes; it must have 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// tokenPrefix is how the keys begin that package token keeps.
const tokenPrefix = "token."

func isToken(key string) bool { return strings.HasPrefix(key, tokenPrefix) }

func every(string) bool { return true }

// seals gives a value as it is stored. It is bound to its bucket and key.
func (b *Bucket) seals(key string, value []byte) []byte {
	if b.seal == nil || !b.sealed(key) || len(value) == 0 {
		return value
	}
	return b.seal.Seal(nil, nil, value, []byte(b.subject(key)))
}

// unsealed is the reverse. What was sealed with another key, or by nobody, is not there.
func (b *Bucket) unsealed(e keyed) (keyed, error) {
	if b.seal == nil || !b.sealed(e.key) || e.gone {
		return e, nil
	}
	value, err := b.seal.Open(nil, nil, e.value, []byte(b.subject(e.key)))
	if err != nil {
		return keyed{}, fmt.Errorf("%s/%s: it is sealed with another key: %w", b.spec.name, e.key, shared.ErrNotFound)
	}
	e.value = value
	return e, nil
}
