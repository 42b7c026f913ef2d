package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"countersign/session"
)

// CheckPIN says whether pin is the customer's PIN. It takes about 40 ms of a core, also for an unknown customer and one without a PIN, and waits its turn
// for up to 5 s; then the error is ErrBusy. Only a PIN that was imported and not wrapped in argon2id yet (see Wrap) is checked at once. It neither keeps
// nor wipes the PIN.
func (d *Directory) CheckPIN(ctx context.Context, customer string, pin session.Secret) (ok bool, err error) {
	stored, found, err := d.credential(ctx, customer, KindPIN)
	if err != nil {
		return false, err
	}
	if !found {
		stored = d.hash.dummy
	}
	keyed := d.hash.keyed(KindPIN, customer, pin.Reveal())
	defer clear(keyed)
	d.lastCheck.Store(time.Now().UnixNano())
	ok, err = d.hash.check(ctx, stored, keyed)
	if err != nil {
		return false, fmt.Errorf("check PIN: %w", err)
	}
	return ok && found, nil
}

// SetPIN gives a customer a PIN in place of the one that is on file. ErrPINFormat, ErrUnknownCustomer and ErrBusy say what they say; a
// *WeakPINError refuses a PIN that is easy to guess, unless allowWeak. The PIN is neither kept nor wiped.
func (d *Directory) SetPIN(ctx context.Context, customer string, pin session.Secret, allowWeak bool) error {
	if !isPIN(pin.Reveal()) {
		return ErrPINFormat
	}
	r, err := d.Show(ctx, customer)
	if err != nil {
		return err
	}
	if why := weakness(pin.Reveal(), r.identifiers(), r.Phones); why != "" && !allowWeak {
		return &WeakPINError{Why: why}
	}
	c := credential{scheme: SchemeHMAC, salt: []byte{}, hash: d.hash.keyed(KindPIN, customer, pin.Reveal())}
	if d.hash.scheme == SchemeArgon2id {
		keyed := c.hash
		defer clear(keyed)
		if c, err = d.hash.wrap(ctx, keyed); err != nil {
			return fmt.Errorf("set PIN: %w", err)
		}
	}
	err = d.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error { return putCredential(ctx, tx, customer, KindPIN, c) })
	if err != nil {
		return fmt.Errorf("set PIN: %w", err)
	}
	return nil
}

func (r Record) identifiers() []string {
	all := []string{r.ID}
	for _, i := range r.Identifiers {
		all = append(all, i.Value)
	}
	return all
}

func (d *Directory) credential(ctx context.Context, customer, kind string) (c credential, found bool, err error) {
	err = d.db.read.QueryRowContext(ctx, `SELECT scheme, salt, params, hash FROM credentials WHERE customer = ? AND kind = ?`, customer, kind).
		Scan(&c.scheme, &c.salt, &c.params, &c.hash)
	if errors.Is(err, sql.ErrNoRows) {
		return credential{}, false, nil
	}
	if err != nil {
		return credential{}, false, fmt.Errorf("read credential: %w", err)
	}
	return c, true, nil
}

func putCredential(ctx context.Context, tx *sql.Tx, customer, kind string, c credential) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO credentials (customer, kind, scheme, salt, params, hash) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET scheme = excluded.scheme, salt = excluded.salt, params = excluded.params, hash = excluded.hash`,
		customer, kind, c.scheme, c.salt, c.params, c.hash)
	return err
}
