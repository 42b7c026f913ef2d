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
// be part of the id, the name, an identifier, what callers key for it, a telephone number or an e-mail address; only
// ASCII letters match in either case.
func (d *Reader) List(ctx context.Context, after string, limit int, search string) ([]session.Customer, error) {
	if search == "" {
		return d.customers(ctx, `SELECT `+customerColumns+` FROM customers c WHERE c.id > ? ORDER BY c.id LIMIT ?`,
			after, limit)
	}
	keyed := plain(search)
	return d.customers(ctx, searched, after, limit, anywhere(search), anywhere(keyed), strings.ToLower(keyed) == keyed)
}

// searched finds a page of customers. Each table is read in the order of customers, in an index that has all that is
// asked, until the page is full. What is keyed for letters has an index of its own, and is asked for without letters.
const searched = `WITH found (id) AS (
	SELECT * FROM (SELECT id FROM customers
		WHERE id > ?1 AND (id LIKE ?3 ESCAPE '\' OR name LIKE ?3 ESCAPE '\') ORDER BY id LIMIT ?2)
	UNION SELECT * FROM (SELECT DISTINCT customer FROM identifiers INDEXED BY identifiers_of_customer
		WHERE customer > ?1 AND value LIKE ?4 ESCAPE '\' ORDER BY customer LIMIT ?2)
	UNION SELECT * FROM (SELECT DISTINCT customer FROM identifiers INDEXED BY identifiers_by_keys
		WHERE ?5 AND keys IS NOT NULL AND keys LIKE ?4 ESCAPE '\' AND customer > ?1 ORDER BY customer LIMIT ?2)
	UNION SELECT * FROM (SELECT DISTINCT customer FROM phones INDEXED BY phones_of_customer
		WHERE customer > ?1 AND e164 LIKE ?4 ESCAPE '\' ORDER BY customer LIMIT ?2)
	UNION SELECT * FROM (SELECT DISTINCT customer FROM emails
		WHERE customer > ?1 AND address LIKE ?3 ESCAPE '\' ORDER BY customer LIMIT ?2))
	SELECT ` + customerColumns + ` FROM customers c WHERE c.id IN (SELECT id FROM found) ORDER BY c.id LIMIT ?2`

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
