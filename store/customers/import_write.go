package customers

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// What a row did to its customer.
type effect int

const (
	wasUnchanged effect = iota
	wasChanged
	wasAdded
)

// write stores a row. With a *badCell it has stored nothing of the row.
func (im *importer) write(ctx context.Context, r imported) (effect, error) {
	isNew, err := im.insertCustomer(ctx, r)
	if err != nil {
		return wasUnchanged, err
	}
	if isNew {
		if err := im.claim(ctx, r); err != nil {
			return wasUnchanged, err
		}
		if _, err := im.writeRest(ctx, r, 0); err != nil {
			return wasUnchanged, err
		}
		return wasAdded, nil
	}
	changes, err := im.change(ctx, r)
	if err != nil {
		return wasUnchanged, err
	}
	more, err := im.writeRest(ctx, r, im.now.UnixNano())
	if changes+more == 0 || err != nil {
		return wasUnchanged, err
	}
	return wasChanged, nil
}

// writeRest stores phones, e-mail addresses and secrets, and counts those that were not on file.
func (im *importer) writeRest(ctx context.Context, r imported, since int64) (changes int64, err error) {
	for _, e164 := range r.phones {
		n, err := im.execCount(ctx, `INSERT INTO phones (e164, customer, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			e164, r.id, since)
		if err != nil {
			return 0, err
		}
		changes += n
	}
	for _, address := range r.emails {
		n, err := im.execCount(ctx, `INSERT INTO emails (customer, address, since) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			r.id, address, since)
		if err != nil {
			return 0, err
		}
		changes += n
	}
	for _, s := range r.secrets {
		n, err := im.execCount(ctx, `INSERT INTO credentials (customer, kind, scheme, salt, params, hash, pepper)
			VALUES (?1, ?2, ?3, ?4, '', ?5, ?6) ON CONFLICT DO UPDATE SET scheme = excluded.scheme, salt = excluded.salt,
			params = excluded.params, hash = excluded.hash, pepper = excluded.pepper
			WHERE scheme <> excluded.scheme OR hash <> excluded.hash`,
			r.id, s.kind, SchemeHMAC, []byte{}, im.pepper.keyed(s.kind, r.id, s.form), im.pepper.id)
		if err != nil {
			return 0, err
		}
		changes += n
	}
	n, err := im.writeHabit(ctx, r)
	if changes += n; len(r.totp) == 0 || err != nil {
		return changes, err
	}
	same, err := im.hasTOTP(ctx, r)
	if same || err != nil {
		return changes, err
	}
	return changes + 1, putSealed(ctx, im.tx, r.id, KindTOTP, im.hash.seal(KindTOTP, r.id, r.totp))
}

// hasTOTP says whether the authenticator's secret is on file.
func (im *importer) hasTOTP(ctx context.Context, r imported) (bool, error) {
	var box sealedBox
	err := im.tx.QueryRowContext(ctx, `SELECT pepper, box FROM sealed WHERE customer = ? AND kind = ?`, r.id, KindTOTP).
		Scan(&box.pepper, &box.box)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the totp_secret: %w", err)
	}
	known, err := im.hash.unseal(KindTOTP, r.id, box)
	defer clear(known)
	return err == nil && bytes.Equal(known, r.totp), nil
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

// change updates a known customer, removes what the row replaces or empties, and counts the changes.
func (im *importer) change(ctx context.Context, r imported) (changes int64, err error) {
	if err := im.checkFree(ctx, r); err != nil {
		return 0, err
	}
	empty := map[string]bool{}
	for _, name := range r.empty {
		empty[name] = true
	}
	var name, language string
	var generation int64
	err = im.tx.QueryRowContext(ctx, `SELECT name, language, imported FROM customers WHERE id = ?`, r.id).
		Scan(&name, &language, &generation)
	switch {
	case err != nil:
		return 0, fmt.Errorf("read customer: %w", err)
	case generation == im.generation:
		return 0, im.columns.bad("id", "id %s is in the file twice: keep one of the rows", r.id)
	}
	if r.name == "" && !empty["name"] {
		r.name = name
	}
	if r.language == "" && !empty["language"] {
		r.language = language
	}
	if r.name != name || r.language != language {
		changes++
	}
	if err := im.exec(ctx, `UPDATE customers SET imported = ?, name = ?, language = ? WHERE id = ?`, im.generation, r.name,
		r.language, r.id); err != nil {
		return 0, err
	}
	for _, x := range im.replaced(r, empty) {
		n, err := im.execCount(ctx, x.query, x.args...)
		if err != nil {
			return 0, err
		}
		changes += n
	}
	return changes, nil
}

// statement is SQL with its arguments.
type statement struct {
	query string
	args  []any
}

// replaced removes the old phones and e-mail addresses, and the identifiers and secrets that the row replaces or
// empties. Phones and addresses that stay keep their date.
func (im *importer) replaced(r imported, empty map[string]bool) (all []statement) {
	if len(r.phones) > 0 || empty["phones"] {
		all = append(all, statement{`DELETE FROM phones WHERE customer = ? AND e164 NOT IN (SELECT value FROM json_each(?))`,
			[]any{r.id, list(r.phones)}})
	}
	if len(r.emails) > 0 || empty["emails"] {
		all = append(all, statement{
			`DELETE FROM emails WHERE customer = ? AND address NOT IN (SELECT value FROM json_each(?))`, []any{r.id,
				list(r.emails)},
		})
	}
	for _, column := range im.columns.identifiers {
		if empty[column.name] {
			all = append(all, statement{`DELETE FROM identifiers WHERE customer = ? AND kind = ?`, []any{r.id, column.kind}})
		}
	}
	for _, i := range r.identifiers {
		all = append(all, statement{`DELETE FROM identifiers WHERE customer = ? AND kind = ? AND value <> ?`,
			[]any{r.id, i.Kind, i.Value}}, statement{
			`INSERT INTO identifiers (kind, value, customer) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
			[]any{i.Kind, i.Value, r.id}})
	}
	for _, column := range im.columns.secrets {
		if empty[column.name] {
			all = append(all, statement{`DELETE FROM credentials WHERE customer = ? AND kind = ?`, []any{r.id, column.kind}})
		}
	}
	if empty[habitColumn] {
		all = append(all, statement{`DELETE FROM habits WHERE customer = ?`, []any{r.id}})
	}
	if empty["totp_secret"] {
		all = append(all, statement{`DELETE FROM sealed WHERE customer = ? AND kind = ?`, []any{r.id, KindTOTP}})
	}
	return all
}

// list returns phones or e-mail addresses, which need no escaping, as JSON.
func list(all []string) string {
	if len(all) == 0 {
		return "[]"
	}
	return `["` + strings.Join(all, `","`) + `"]`
}

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
