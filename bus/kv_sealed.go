package bus

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"strings"

	"countersign/session/shared"
)

// newSeal returns AES-256-GCM with random nonces, or nil without a key.
func newSeal(key []byte) (cipher.AEAD, error) {
	if len(key) == 0 {
		return nil, nil
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("the key of the shared state has %d bytes; it must have 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// tokenPrefix begins the keys of package token.
const tokenPrefix = "token."

func isToken(key string) bool { return strings.HasPrefix(key, tokenPrefix) }

func allKeys(string) bool { return true }

// sealValue returns a value as it is stored, bound to its bucket and key.
func (b *Bucket) sealValue(key string, value []byte) []byte {
	if b.seal == nil || !b.sealed(key) || len(value) == 0 {
		return value
	}
	return b.seal.Seal(nil, nil, value, []byte(b.subject(key)))
}

// unsealed reverses sealValue. A value that was sealed with another key, or not at all, counts as missing.
func (b *Bucket) unsealed(e record) (record, error) {
	if b.seal == nil || !b.sealed(e.key) || e.deleted {
		return e, nil
	}
	value, err := b.seal.Open(nil, nil, e.value, []byte(b.subject(e.key)))
	if err != nil {
		return record{}, fmt.Errorf("%s/%s: sealed with another key: %w", b.spec.name, e.key, shared.ErrNotFound)
	}
	e.value = value
	return e, nil
}
