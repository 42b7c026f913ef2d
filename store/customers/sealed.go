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

// PepperKey derives a key of 32 bytes from the first pepper (HKDF-Expand of RFC 5869 with SHA-256) for another purpose. It
// is the same for the same label on every machine with this pepper, whatever pepper is in use, and reveals nothing about the
// pepper, other keys or the secrets stored here. The label names the purpose and its version, such as "guard/v1". The
// caller owns the key.
func (d *Reader) PepperKey(label string) []byte {
	return derive(d.hash.ring.Load().first.key, "countersign/key/v1/"+label)
}

// derive derives a key. A pepper is uniformly random, so HKDF needs no extract step.
func derive(pepper []byte, info string) []byte {
	key, err := hkdf.Expand(sha256.New, pepper, info, sha256.Size)
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

// sealedBox is an encrypted secret, and the id of the pepper whose key it needs.
type sealedBox struct{ pepper, box []byte }

// seal encrypts a secret that must be read again, bound to its kind and customer as the hashes are.
func (h *hasher) seal(kind, customer string, secret []byte) sealedBox {
	current := h.ring.Load().current
	return sealedBox{current.id, current.box.Seal(nil, nil, secret, boundTo(kind, customer))}
}

// unseal reverses seal. The caller clears the secret.
func (h *hasher) unseal(kind, customer string, sealed sealedBox) ([]byte, error) {
	k, err := h.ring.Load().find(sealed.pepper)
	if err != nil {
		return nil, err
	}
	return k.box.Open(nil, nil, sealed.box, boundTo(kind, customer))
}

func boundTo(kind, customer string) []byte { return []byte(kind + "\x00" + customer) } // neither can contain a NUL

// sealedSecret reads a sealed secret, or a useless one in the same time. The caller clears it.
func (d *Directory) sealedSecret(ctx context.Context, customer, kind string) (secret []byte, found bool, err error) {
	var box sealedBox
	err = d.db.Read.QueryRowContext(ctx, `SELECT pepper, box FROM sealed WHERE customer = ? AND kind = ?`, customer, kind).
		Scan(&box.pepper, &box.box)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		secret, err = d.hash.unseal("", "", d.hash.dummyBox)
		return secret, false, err
	case err != nil:
		return nil, false, fmt.Errorf("read the %s secret: %w", kind, err)
	}
	secret, err = d.hash.unseal(kind, customer, box)
	if errors.Is(err, ErrWrongPepper) {
		return nil, false, err
	}
	if err != nil {
		return nil, false, fmt.Errorf("the stored %s secret of customer %s is damaged: enrol it again", kind, customer)
	}
	return secret, true, nil
}

func putSealed(ctx context.Context, tx *sql.Tx, customer, kind string, b sealedBox) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO sealed (customer, kind, box, pepper) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET box = excluded.box, pepper = excluded.pepper`, customer, kind, b.box, b.pepper)
	return err
}
