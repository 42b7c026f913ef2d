package customers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"countersign/session"
	"countersign/store/sqlite"
)

// Record is everything on file about a customer except the secrets themselves.
type Record struct {
	session.Customer
	// Phones are in the form of session.E164, sorted.
	Phones []string
	// Emails are e-mail addresses, sorted.
	Emails      []string
	Identifiers []Identifier
	Credentials []Credential
}

// Identifier is a number that callers may key to say who they are.
type Identifier struct{ Kind, Value string }

// Credential says that there is a secret on file, and how it is stored: SchemeHMAC, SchemeArgon2id or SchemeSealed.
type Credential struct{ Kind, Scheme string }

// Show reads a customer's record, or returns ErrUnknown.
func (d *Reader) Show(ctx context.Context, id string) (r Record, err error) {
	r.Customer, err = scanCustomer(d.db.Read.QueryRowContext(ctx,
		`SELECT `+customerColumns+` FROM customers c WHERE c.id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Record{}, ErrUnknown
	}
	if err != nil {
		return Record{}, fmt.Errorf("read customer: %w", err)
	}
	r.Phones, err = sqlite.Collect(ctx, d.db, sqlite.ScanString,
		`SELECT e164 FROM phones WHERE customer = ? ORDER BY e164`, id)
	if err != nil {
		return Record{}, err
	}
	r.Emails, err = sqlite.Collect(ctx, d.db, sqlite.ScanString,
		`SELECT address FROM emails WHERE customer = ? ORDER BY address`, id)
	if err != nil {
		return Record{}, err
	}
	r.Identifiers, err = sqlite.Collect(ctx, d.db, scanIdentifier, `SELECT kind, value FROM identifiers
		WHERE customer = ? ORDER BY kind, value`, id)
	if err != nil {
		return Record{}, err
	}
	r.Credentials, err = sqlite.Collect(ctx, d.db, scanCredential, `SELECT kind, scheme FROM credentials
		WHERE customer = ?1 UNION ALL SELECT kind, ?2 FROM sealed WHERE customer = ?1 ORDER BY kind`, id, SchemeSealed)
	return r, err
}

func scanIdentifier(r sqlite.Row) (i Identifier, err error) {
	err = r.Scan(&i.Kind, &i.Value)
	return i, err
}

func scanCredential(r sqlite.Row) (c Credential, err error) {
	err = r.Scan(&c.Kind, &c.Scheme)
	return c, err
}

// List reads a page of customers, ordered by id: up to limit of them with id > after. If search is not empty, it must
// be part of the id, the name, an identifier, a telephone number or an e-mail address; only ASCII letters match in
// either case.
func (d *Reader) List(ctx context.Context, after string, limit int, search string) ([]session.Customer, error) {
	if search == "" {
		return d.customers(ctx, `SELECT `+customerColumns+` FROM customers c WHERE c.id > ? ORDER BY c.id LIMIT ?`,
			after, limit)
	}
	return d.customers(ctx, `SELECT `+customerColumns+` FROM customers c WHERE c.id > ?1 AND (
			c.id LIKE ?3 ESCAPE '\' OR c.name LIKE ?3 ESCAPE '\'
			OR EXISTS (SELECT 1 FROM identifiers WHERE customer = c.id AND value LIKE ?4 ESCAPE '\')
			OR EXISTS (SELECT 1 FROM phones WHERE customer = c.id AND e164 LIKE ?4 ESCAPE '\')
			OR EXISTS (SELECT 1 FROM emails WHERE customer = c.id AND address LIKE ?3 ESCAPE '\'))
		ORDER BY c.id LIMIT ?2`, after, limit, anywhere(search), anywhere(plain(search)))
}

func anywhere(search string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(search) + "%"
}

// Count returns how many customers there are.
func (d *Reader) Count(ctx context.Context) (n int, err error) {
	err = d.db.Read.QueryRowContext(ctx, "SELECT count(*) FROM customers").Scan(&n)
	return n, err
}

// ErrUnknown means that no customer has that id.
var ErrUnknown = errors.New("no customer has this id")
