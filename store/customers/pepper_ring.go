package customers

import (
	"bytes"
	"context"
	"crypto/cipher"
	"database/sql"
	"encoding/hex"
	"fmt"

	"countersign/store/sqlite"
)

// ring are the peppers in force. It never changes.
type ring struct {
	of      Peppers
	first   *pepperKey
	current *pepperKey
	all     []*pepperKey
}

// pepperKey is a pepper, and what is made of it.
type pepperKey struct {
	// id is what the database says, empty for the first of a file.
	id  []byte
	key []byte
	// box encrypts secrets that must be read again.
	box cipher.AEAD
}

func newRing(p Peppers) *ring {
	r := &ring{of: p}
	for i, key := range p.keys {
		k := &pepperKey{id: []byte{}, key: key, box: newBox(derive(key, "countersign/sealed/v1"))}
		if i > 0 {
			k.id = fingerprint(key)
		}
		r.all = append(r.all, k)
	}
	r.first, r.current = r.all[0], r.all[p.current]
	return r
}

// find finds a pepper by its id.
func (r *ring) find(id []byte) (*pepperKey, error) {
	for _, k := range r.all {
		if bytes.Equal(k.id, id) {
			return k, nil
		}
	}
	return nil, fmt.Errorf("%w: a secret was stored under the pepper %s, which is not in the file of peppers: "+
		"restore its line", ErrWrongPepper, hex.EncodeToString(id[:min(4, len(id))]))
}

// SetPeppers puts other peppers in force, with those from before among them and the same first one. Calls go on; what they
// have begun to check counts.
func (d *Directory) SetPeppers(p Peppers) error {
	if err := d.CheckPeppers(p); err != nil {
		return err
	}
	d.hash.ring.Store(newRing(p))
	select {
	case d.renewed <- struct{}{}:
	default:
	}
	return nil
}

// CheckPeppers says what would be wrong with SetPeppers.
func (d *Directory) CheckPeppers(p Peppers) error {
	for i, have := range d.hash.ring.Load().of.keys {
		if at := p.index(have); at < 0 || i == 0 && at != 0 {
			return fmt.Errorf("the pepper %s is not in its place in the file of peppers any more: what was stored under it could not "+
				"be read; put its line back", hex.EncodeToString(fingerprint(have)[:4]))
		}
	}
	return nil
}

// Peppers are those in force.
func (d *Reader) Peppers() Peppers { return d.hash.ring.Load().of }

// UnderOlderPeppers counts the customers with a secret that is not stored under the pepper in use. Callers who give a right
// answer are stored under it.
func (d *Reader) UnderOlderPeppers(ctx context.Context) (n int, err error) {
	current := d.hash.ring.Load().current.id
	err = d.db.Read.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT customer FROM credentials WHERE pepper <> ?1
		UNION SELECT customer FROM sealed WHERE pepper <> ?1)`, current).Scan(&n)
	return n, err
}

// hasAllPeppers refuses peppers without one that secrets were stored under.
func (d *Reader) hasAllPeppers(ctx context.Context) error {
	scan := func(r sqlite.Row) (id []byte, err error) { return id, r.Scan(&id) }
	used, err := sqlite.Collect(ctx, d.db, scan, `SELECT DISTINCT pepper FROM credentials WHERE pepper <> x''
		UNION SELECT DISTINCT pepper FROM sealed`)
	if err != nil {
		return err
	}
	for _, id := range used {
		if _, err := d.hash.ring.Load().find(id); err != nil {
			return &sqlite.OpenError{Path: d.db.Path, Kind: ErrWrongPepper, Sentence: err.Error()}
		}
	}
	return nil
}

// renewal is a secret that was answered right, under the pepper in use.
type renewal struct {
	customer, kind string
	was, is        credential
}

// renewals bounds those that wait. More are left for their next call.
const renewals = 256

// renew stores a secret under the pepper in use, soon: its caller has just given it.
func (d *Directory) renew(customer, kind string, was credential, secret []byte) {
	current := d.hash.ring.Load().current
	if bytes.Equal(was.pepper, current.id) {
		return
	}
	is := credential{scheme: SchemeHMAC, salt: []byte{}, pepper: current.id, hash: current.keyed(kind, customer, secret)}
	select {
	case d.renewals <- renewal{customer, kind, was, is}:
	default:
		clear(is.hash)
	}
}

// sealAtOnce bounds a transaction.
const sealAtOnce = 100

// SealNext encrypts up to 100 secrets anew that must be read again, under the pepper in use. It returns how many it did.
func (d *Directory) SealNext(ctx context.Context) (n int, err error) {
	type box struct {
		customer, kind string
		pepper, box    []byte
	}
	current := d.hash.ring.Load().current
	scan := func(r sqlite.Row) (b box, err error) { return b, r.Scan(&b.customer, &b.kind, &b.pepper, &b.box) }
	all, err := sqlite.Collect(ctx, d.db, scan, `SELECT customer, kind, pepper, box FROM sealed WHERE pepper < ?1
		UNION ALL SELECT customer, kind, pepper, box FROM sealed WHERE pepper > ?1 LIMIT ?2`, current.id, sealAtOnce)
	if len(all) == 0 || err != nil {
		return 0, err
	}
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, b := range all {
			secret, err := d.hash.unseal(b.kind, b.customer, sealedBox{b.pepper, b.box})
			if err != nil {
				continue // damaged: their next call says so
			}
			n++
			fresh := d.hash.seal(b.kind, b.customer, secret)
			clear(secret)
			if _, err := tx.ExecContext(ctx, `UPDATE sealed SET box = ?, pepper = ? WHERE customer = ? AND kind = ? AND box = ?`,
				fresh.box, fresh.pepper, b.customer, b.kind, b.box); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// Sealer encrypts under the key for a purpose (PepperKey) of the pepper in use, and opens what was encrypted under that of
// any. It follows SetPeppers.
func (d *Reader) Sealer(label string) cipher.AEAD { return &sealer{d.hash, label} }

type sealer struct {
	hash  *hasher
	label string
}

func (s *sealer) box(k *pepperKey) cipher.AEAD {
	return newBox(derive(k.key, "countersign/key/v1/"+s.label))
}

func (s *sealer) NonceSize() int { return s.box(s.hash.ring.Load().current).NonceSize() }

func (s *sealer) Overhead() int { return s.box(s.hash.ring.Load().current).Overhead() }

func (s *sealer) Seal(dst, nonce, plaintext, additional []byte) []byte {
	return s.box(s.hash.ring.Load().current).Seal(dst, nonce, plaintext, additional)
}

func (s *sealer) Open(dst, nonce, sealed, additional []byte) (opened []byte, err error) {
	r := s.hash.ring.Load()
	if opened, err = s.box(r.current).Open(dst, nonce, sealed, additional); err == nil {
		return opened, nil
	}
	for _, k := range r.all {
		if k != r.current {
			if opened, other := s.box(k).Open(dst, nonce, sealed, additional); other == nil {
				return opened, nil
			}
		}
	}
	return nil, err
}
