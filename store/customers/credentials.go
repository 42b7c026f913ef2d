package customers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"countersign/session"
)

// Check reports whether answer is the customer's secret of a kind. The answer is in the normal form of the kind (see
// KindPIN and its neighbours). Check takes about 40 ms of a core, also for an unknown customer or one without such a
// secret, and waits up to 140 s for its turn, else it returns sqlite.ErrBusy. It neither keeps nor wipes the answer.
func (d *Directory) Check(ctx context.Context, customer, kind string, answer session.Secret) (ok bool, err error) {
	stored, found, err := d.credential(ctx, customer, kind)
	if err != nil {
		return false, err
	}
	if !found {
		stored = d.hash.dummy
	}
	under, err := d.hash.ring.Load().find(stored.pepper)
	if err != nil {
		return false, fmt.Errorf("check %s: %w", kind, err)
	}
	keyed := under.keyed(kind, customer, answer.Reveal())
	defer clear(keyed)
	d.lastCheck.Store(time.Now().UnixNano())
	ok, err = d.hash.check(ctx, stored, keyed)
	if err != nil {
		return false, fmt.Errorf("check %s: %w", kind, err)
	}
	if ok && found {
		d.renew(customer, kind, stored, answer.Reveal())
	}
	return ok && found, nil
}

// SetPIN replaces the PIN of a customer. Its errors are ErrPINFormat, ErrUnknown, sqlite.ErrBusy, and *WeakPINError
// for a PIN that is easy to guess, unless allowWeak. It neither keeps nor wipes the PIN.
func (d *Directory) SetPIN(ctx context.Context, customer string, pin session.Secret, allowWeak bool) error {
	if !isPIN(pin.Reveal()) {
		return ErrPINFormat
	}
	r, err := d.Show(ctx, customer)
	if err != nil {
		return err
	}
	if why := weakness(pin.Reveal(), r.identifiers(), r.Phones, nil); why != "" && !allowWeak {
		return &WeakPINError{Why: why}
	}
	return d.enrol(ctx, customer, KindPIN, pin.Reveal())
}

// SetSecret replaces a customer's secret: KindPassphrase, KindBirthDate, KindTOTP or a fact, written as in a
// customers CSV. For a PIN use SetPIN. Its errors are ErrUnknown, sqlite.ErrBusy, or say what is wrong with the
// secret without showing it. It neither keeps nor wipes the secret.
func (d *Directory) SetSecret(ctx context.Context, customer, kind string, secret session.Secret) error {
	var form []byte
	var problem string
	switch {
	case kind == KindTOTP:
		form, problem = totpKey(secret.Reveal())
	case kind == KindPassphrase, kind == KindBirthDate, isNewFact(kind):
		form, problem = normal(kind, secret.Reveal(), d.now())
	default:
		problem = fmt.Sprintf("%q cannot be set: it is not a kind of secret", kind)
	}
	defer clear(form)
	if problem != "" {
		return errors.New(problem)
	}
	return d.enrol(ctx, customer, kind, form)
}

// enrol stores a secret in its normal form.
func (d *Directory) enrol(ctx context.Context, customer, kind string, form []byte) (err error) {
	var c credential
	if kind != KindTOTP {
		if c, err = d.hash.credential(ctx, kind, customer, form); err != nil {
			return fmt.Errorf("set %s: %w", kind, err)
		}
	}
	err = d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := mustExist(ctx, tx, customer); err != nil {
			return err
		}
		if kind == KindTOTP {
			return putSealed(ctx, tx, customer, kind, d.hash.seal(kind, customer, form))
		}
		if err := markChanged(ctx, tx, customer); err != nil {
			return err
		}
		return putCredential(ctx, tx, customer, kind, c)
	})
	if err != nil {
		return fmt.Errorf("set %s: %w", kind, err)
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

func (d *Reader) credential(ctx context.Context, customer, kind string) (c credential, found bool, err error) {
	err = d.db.Read.QueryRowContext(ctx, `SELECT scheme, salt, params, hash, pepper FROM credentials
		WHERE customer = ? AND kind = ?`, customer, kind).Scan(&c.scheme, &c.salt, &c.params, &c.hash, &c.pepper)
	if errors.Is(err, sql.ErrNoRows) {
		return credential{}, false, nil
	}
	if err != nil {
		return credential{}, false, fmt.Errorf("read credential: %w", err)
	}
	return c, true, nil
}

func putCredential(ctx context.Context, tx *sql.Tx, customer, kind string, c credential) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO credentials (customer, kind, scheme, salt, params, hash, pepper)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET scheme = excluded.scheme, salt = excluded.salt,
		params = excluded.params, hash = excluded.hash, pepper = excluded.pepper`,
		customer, kind, c.scheme, c.salt, c.params, c.hash, c.pepper)
	return err
}
