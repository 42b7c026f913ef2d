package customers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// write stores a row. With a *badCell it has stored nothing of the row.
func (im *importer) write(ctx context.Context, r imported) error {
	isNew, err := im.insertCustomer(ctx, r)
	if err != nil {
		return err
	}
	since := int64(0)
	if isNew {
		err = im.claim(ctx, r)
	} else {
		since, err = im.now.UnixNano(), im.change(ctx, r)
	}
	if err != nil {
		return err
	}
	for _, e164 := range r.phones {
		err := im.exec(ctx, `INSERT INTO phones (e164, customer, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			e164, r.id, since)
		if err != nil {
			return err
		}
	}
	return im.writeSecrets(ctx, r)
}

func (im *importer) writeSecrets(ctx context.Context, r imported) error {
	for _, s := range r.secrets {
		c := credential{scheme: SchemeHMAC, salt: []byte{}, hash: im.hash.keyed(s.kind, r.id, s.form)}
		if err := putCredential(ctx, im.tx, r.id, s.kind, c); err != nil {
			return err
		}
	}
	if len(r.totp) == 0 {
		return nil
	}
	return putSealed(ctx, im.tx, r.id, KindTOTP, im.hash.seal(KindTOTP, r.id, r.totp))
}

// insertCustomer inserts a customer unless the id is known.
func (im *importer) insertCustomer(ctx context.Context, r imported) (isNew bool, err error) {
	n, err := im.execCount(ctx, `INSERT INTO customers (id, name, language, imported) VALUES (?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, r.id, r.name, r.language, im.generation)
	return n > 0, err
}

// claim inserts the identifiers of a new customer, or removes the customer again if one is taken.
func (im *importer) claim(ctx context.Context, r imported) error {
	for _, i := range r.identifiers {
		n, err := im.execCount(ctx, `INSERT INTO identifiers (kind, value, customer) VALUES (?, ?, ?)
			ON CONFLICT DO NOTHING`, i.Kind, i.Value, r.id)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if err := im.exec(ctx, `DELETE FROM customers WHERE id = ?`, r.id); err != nil {
			return err
		}
		return im.checkFree(ctx, r)
	}
	return nil
}

// change updates a known customer and removes what the row replaces.
func (im *importer) change(ctx context.Context, r imported) error {
	if err := im.checkFree(ctx, r); err != nil {
		return err
	}
	n, err := im.execCount(ctx, `UPDATE customers SET imported = ?1, name = CASE WHEN ?2 = '' THEN name ELSE ?2 END,
		language = CASE WHEN ?3 = '' THEN language ELSE ?3 END WHERE id = ?4 AND imported <> ?1`,
		im.generation, r.name, r.language, r.id)
	if err != nil {
		return err
	}
	if n == 0 {
		return im.columns.bad("id", "id %s is in the file twice: keep one of the rows", r.id)
	}
	if len(r.phones) > 0 { // phones that stay keep their date
		err := im.exec(ctx, `DELETE FROM phones WHERE customer = ? AND e164 NOT IN (SELECT value FROM json_each(?))`,
			r.id, list(r.phones))
		if err != nil {
			return err
		}
	}
	for _, i := range r.identifiers {
		if err := im.exec(ctx, `DELETE FROM identifiers WHERE customer = ? AND kind = ?`, r.id, i.Kind); err != nil {
			return err
		}
		err := im.exec(ctx, `INSERT INTO identifiers (kind, value, customer) VALUES (?, ?, ?)`, i.Kind, i.Value, r.id)
		if err != nil {
			return err
		}
	}
	return nil
}

// list returns the phones, which need no escaping, as JSON.
func list(phones []string) string { return `["` + strings.Join(phones, `","`) + `"]` }

// checkFree returns a *badCell if one of the identifiers belongs to another customer.
func (im *importer) checkFree(ctx context.Context, r imported) error {
	for _, i := range r.identifiers {
		var owner string
		err := im.tx.QueryRowContext(ctx, `SELECT customer FROM identifiers WHERE kind = ? AND value = ?`, i.Kind, i.Value).
			Scan(&owner)
		switch {
		case errors.Is(err, sql.ErrNoRows) || err == nil && owner == r.id:
		case err != nil:
			return fmt.Errorf("look up %s: %w", i.Kind, err)
		default:
			return im.columns.bad(im.columns.of(i.Kind), "%s %s belongs to customer %s already: it can have one customer only",
				i.Kind, i.Value, owner)
		}
	}
	return nil
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
