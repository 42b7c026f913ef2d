package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// write stores a row, or says in a *badCell why it cannot; then it has stored nothing of it.
func (im *importer) write(ctx context.Context, r imported) error {
	isNew, err := im.insertCustomer(ctx, r)
	if err != nil {
		return err
	}
	if isNew {
		err = im.claimAccount(ctx, r)
	} else {
		err = im.change(ctx, r)
	}
	if err != nil {
		return err
	}
	for _, e164 := range r.phones {
		if err := im.exec(ctx, `INSERT INTO phones (e164, customer) VALUES (?, ?) ON CONFLICT DO NOTHING`, e164, r.id); err != nil {
			return err
		}
	}
	if len(r.pin) == 0 {
		return nil
	}
	return putCredential(ctx, im.tx, r.id, KindPIN, credential{scheme: SchemeHMAC, salt: []byte{}, hash: im.hash.keyed(KindPIN, r.id, r.pin)})
}

// insertCustomer is all there is to do first for most rows of most imports.
func (im *importer) insertCustomer(ctx context.Context, r imported) (isNew bool, err error) {
	n, err := im.execCount(ctx, `INSERT INTO customers (id, name, language, imported) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		r.id, r.name, r.language, im.generation)
	return n > 0, err
}

// claimAccount gives a new customer the account, or takes the customer back.
func (im *importer) claimAccount(ctx context.Context, r imported) error {
	if r.account == "" {
		return nil
	}
	n, err := im.execCount(ctx, `INSERT INTO identifiers (kind, value, customer) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, KindAccount, r.account, r.id)
	if n > 0 || err != nil {
		return err
	}
	if err := im.exec(ctx, `DELETE FROM customers WHERE id = ?`, r.id); err != nil {
		return err
	}
	return im.accountIsFree(ctx, r)
}

// change updates a customer who was there before, and takes away what the row replaces.
func (im *importer) change(ctx context.Context, r imported) error {
	if err := im.accountIsFree(ctx, r); err != nil {
		return err
	}
	n, err := im.execCount(ctx, `UPDATE customers SET imported = ?1, name = CASE WHEN ?2 = '' THEN name ELSE ?2 END,
		language = CASE WHEN ?3 = '' THEN language ELSE ?3 END WHERE id = ?4 AND imported <> ?1`, im.generation, r.name, r.language, r.id)
	if err != nil {
		return err
	}
	if n == 0 {
		return im.columns.bad("id", "id %s is in the file twice: keep one of the rows", r.id)
	}
	if len(r.phones) > 0 {
		if err := im.exec(ctx, `DELETE FROM phones WHERE customer = ?`, r.id); err != nil {
			return err
		}
	}
	if r.account == "" {
		return nil
	}
	if err := im.exec(ctx, `DELETE FROM identifiers WHERE customer = ? AND kind = ?`, r.id, KindAccount); err != nil {
		return err
	}
	return im.exec(ctx, `INSERT INTO identifiers (kind, value, customer) VALUES (?, ?, ?)`, KindAccount, r.account, r.id)
}

// accountIsFree is a *badCell if the account belongs to another customer.
func (im *importer) accountIsFree(ctx context.Context, r imported) error {
	if r.account == "" {
		return nil
	}
	var owner string
	err := im.tx.QueryRowContext(ctx, `SELECT customer FROM identifiers WHERE kind = ? AND value = ?`, KindAccount, r.account).Scan(&owner)
	switch {
	case errors.Is(err, sql.ErrNoRows) || err == nil && owner == r.id:
		return nil
	case err != nil:
		return fmt.Errorf("look up account: %w", err)
	}
	return im.columns.bad("account", "account %s belongs to customer %s already: an account can have one customer only", r.account, owner)
}

func (im *importer) exec(ctx context.Context, query string, args ...any) error {
	_, err := im.tx.ExecContext(ctx, query, args...)
	return err
}

func (im *importer) execCount(ctx context.Context, query string, args ...any) (rows int64, err error) {
	done, err := im.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}
