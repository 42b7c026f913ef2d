package customers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"countersign/internal/retry"
	"countersign/store/sqlite"
)

const (
	// wrapIdle is how often Wrap looks for credentials that another process has imported.
	wrapIdle = time.Minute
	// If a secret was checked less than quietFor ago, wrapping rests busyRest times as long as it works.
	quietFor = 5 * time.Second
	busyRest = 20
)

// Unwrapped returns how many customers have a secret that is stored as a plain HMAC, without argon2id.
func (d *Reader) Unwrapped(ctx context.Context) (n int, err error) {
	err = d.db.Read.QueryRowContext(ctx, "SELECT count(DISTINCT customer) FROM credentials WHERE scheme = 'hmac'").Scan(&n)
	return n, err
}

// WrapNext puts argon2id over up to n plain HMACs and returns how many it did; fewer than n means that none are left.
// PINs come first, then passphrases, then facts that others can find out anyway. After each it rests as long as it
// worked, twenty times as long while callers' answers are being checked. With SchemeHMAC it does nothing.
func (d *Directory) WrapNext(ctx context.Context, n int) (wrapped int, err error) {
	if d.hash.scheme == SchemeHMAC {
		return 0, nil
	}
	for wrapped < n {
		started := time.Now()
		found, err := d.wrapOne(ctx)
		if err != nil || !found {
			return wrapped, err
		}
		wrapped++
		rest := time.Since(started)
		if time.Since(time.Unix(0, d.lastCheck.Load())) < quietFor {
			rest *= busyRest
		}
		if err := retry.Pause(ctx, rest); err != nil {
			return wrapped, err
		}
	}
	return wrapped, nil
}

// Wrap wraps credentials, also those imported later, until ctx ends, and stores secrets under the pepper in use. It may run in several processes at once.
func (d *Directory) Wrap(ctx context.Context) {
	failing := false
	for ctx.Err() == nil {
		n, err := d.SealNext(ctx)
		if n == 0 && err == nil {
			n, err = d.WrapNext(ctx, 1)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, sqlite.ErrBusy) {
			if !failing {
				d.log.Error("secrets cannot be wrapped in argon2id, retrying every minute", "err", err)
			}
			failing = true
		} else if n > 0 {
			failing = false
		}
		if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(wrapIdle):
		case <-d.renewed:
		case r := <-d.renewals:
			if err := d.replace(ctx, r.customer, r.kind, r.was, r.is); err != nil && ctx.Err() == nil {
				d.log.Warn("a secret is not stored under the pepper in use yet, at the customer's next call again", "err", err)
			}
			clear(r.is.hash)
		}
	}
}

// nextUnwrapped reads in the order of the index on unwrapped credentials.
const nextUnwrapped = `SELECT customer, kind, hash, pepper FROM credentials WHERE scheme = 'hmac'
	ORDER BY CASE kind WHEN 'pin' THEN 1 WHEN 'passphrase' THEN 2 ELSE 3 END, customer, kind LIMIT 1`

func (d *Directory) wrapOne(ctx context.Context) (found bool, err error) {
	var customer, kind string
	stored := credential{scheme: SchemeHMAC}
	err = d.db.Read.QueryRowContext(ctx, nextUnwrapped).Scan(&customer, &kind, &stored.hash, &stored.pepper)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("wrap credential: %w", err)
	}
	defer clear(stored.hash)
	wrapped, err := d.hash.wrap(ctx, stored.hash, stored.pepper)
	if err == nil {
		err = d.replace(ctx, customer, kind, stored, wrapped)
	}
	if err != nil {
		return false, fmt.Errorf("wrap credential: %w", err)
	}
	return true, nil
}

// replace replaces a credential unless it has changed meanwhile.
func (d *Directory) replace(ctx context.Context, customer, kind string, from, to credential) error {
	return d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE credentials SET scheme = ?, salt = ?, params = ?, hash = ?, pepper = ?
			WHERE customer = ? AND kind = ? AND scheme = ? AND hash = ?`,
			to.scheme, to.salt, to.params, to.hash, to.pepper, customer, kind, from.scheme, from.hash)
		return err
	})
}
