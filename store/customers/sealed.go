package customers

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
)

// PepperKey derives a key of 32 bytes from the pepper (HKDF-Expand of RFC 5869 with SHA-256) for another purpose. It
// is the same for the same label on every machine with this pepper, and reveals nothing about the pepper, other keys
// or the secrets stored here. The label names the purpose and its version, such as "guard/v1". The caller owns the
// key.
func (d *Reader) PepperKey(label string) []byte { return d.hash.key("countersign/key/v1/" + label) }

// key derives a key. The pepper is uniformly random, so HKDF needs no extract step.
func (h *hasher) key(info string) []byte {
	key, err := hkdf.Expand(sha256.New, h.pepper, info, sha256.Size)
	if err != nil {
		panic(err) // only keys of more than 8 KB fail
	}
	return key
}

func newBox(key []byte) cipher.AEAD {
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only keys of another size fail
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only blocks of another size fail
	}
	return box
}

// seal encrypts a secret that must be read again, bound to its kind and customer as the hashes are.
func (h *hasher) seal(kind, customer string, secret []byte) []byte {
	return h.box.Seal(nil, nil, secret, boundTo(kind, customer))
}

// unseal reverses seal. The caller clears the secret.
func (h *hasher) unseal(kind, customer string, sealed []byte) ([]byte, error) {
	return h.box.Open(nil, nil, sealed, boundTo(kind, customer))
}

func boundTo(kind, customer string) []byte { return []byte(kind + "\x00" + customer) } // neither can contain a NUL

// sealedSecret reads a sealed secret, or a useless one in the same time. The caller clears it.
func (d *Directory) sealedSecret(ctx context.Context, customer, kind string) (secret []byte, found bool, err error) {
	var box []byte
	err = d.db.Read.QueryRowContext(ctx, `SELECT box FROM sealed WHERE customer = ? AND kind = ?`, customer, kind).
		Scan(&box)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		secret, err = d.hash.unseal("", "", d.hash.dummyBox)
		return secret, false, err
	case err != nil:
		return nil, false, fmt.Errorf("read the %s secret: %w", kind, err)
	}
	if secret, err = d.hash.unseal(kind, customer, box); err != nil {
		return nil, false, fmt.Errorf("the stored %s secret of customer %s is damaged: enrol it again", kind, customer)
	}
	return secret, true, nil
}

func putSealed(ctx context.Context, tx *sql.Tx, customer, kind string, box []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO sealed (customer, kind, box) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET box = excluded.box`, customer, kind, box)
	return err
}
