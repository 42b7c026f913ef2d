// Package customers keeps the customers in directory.db. It answers "who has this number" and "is this their PIN". It
// never shows a secret or its hash, and does not decide what a caller may do.
//
// A secret is stored as argon2id over HMAC-SHA-256 under a pepper that is kept outside the database (LoadPepper). A
// secret that must be read again to be checked (TOTP) is encrypted under a key derived from the pepper.
package customers

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"countersign/session"
	"countersign/store/sqlite"
)

//go:embed migrations
var migrations embed.FS

var schema = sqlite.Schema{Application: 0x43536469 /* CSdi */, Synchronous: "FULL", Name: "directory",
	Anew: "to begin anew without the customers in it", Files: migrations}

// Options configure a Directory. Pepper is required.
type Options struct {
	// Pepper comes from LoadPepper.
	Pepper Peppers
	// Scheme of new credentials: SchemeArgon2id, the default, or SchemeHMAC to save the 40 ms of a core for each
	// check. Credentials of the other scheme keep working.
	Scheme string
	// Log gets errors of background work. Default: no log.
	Log *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// ErrWrongPepper means that the secrets of a directory were stored under another pepper.
var ErrWrongPepper = errors.New("wrong pepper")

// Reader reads the customers without changing them. It is safe for use by several goroutines.
type Reader struct {
	db   *sqlite.DB
	hash *hasher
}

// Directory reads and changes the customers and checks their secrets. It is safe for use by several goroutines, and
// several processes may have the same file open.
type Directory struct {
	Reader
	log *slog.Logger
	now func() time.Time
	// lastCheck is when a secret was last checked, in nanoseconds since 1970, so that Wrap keeps out of the way of calls.
	lastCheck atomic.Int64
	// renewals are secrets to store under the pepper in use, renewed that it is another one: for Wrap.
	renewals chan renewal
	renewed  chan struct{}
}

// Open opens or creates a directory. An *sqlite.OpenError tells the operator what is wrong.
func Open(ctx context.Context, path string, o Options) (*Directory, error) {
	if o.Scheme == "" {
		o.Scheme = SchemeArgon2id
	}
	if o.Scheme != SchemeArgon2id && o.Scheme != SchemeHMAC {
		return nil, fmt.Errorf("unknown hash %q: use %s or %s", o.Scheme, SchemeArgon2id, SchemeHMAC)
	}
	if err := o.Pepper.check(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	db, err := sqlite.Open(ctx, path, schema)
	if err != nil {
		return nil, err
	}
	d := &Directory{Reader: Reader{db: db, hash: newHasher(o.Pepper, o.Scheme)}, log: o.Log, now: o.Now,
		renewals: make(chan renewal, renewals), renewed: make(chan struct{}, 1)}
	if err := d.adoptPepper(ctx); err != nil {
		return nil, errors.Join(sqlite.Explain(path, err), db.Close())
	}
	if err := d.hasAllPeppers(ctx); err != nil {
		return nil, errors.Join(sqlite.Explain(path, err), db.Close())
	}
	return d, nil
}

// OpenReadOnly opens a directory as sqlite.OpenReadOnly does. A missing file counts as one without customers. Of the
// options only Pepper is used. The caller closes it.
func OpenReadOnly(ctx context.Context, path string, o Options) (*Reader, error) {
	if err := o.Pepper.check(); err != nil {
		return nil, err
	}
	db, err := sqlite.OpenReadOnly(ctx, path, schema)
	if errors.Is(err, sqlite.ErrMissing) {
		db, err = sqlite.OpenEmpty(ctx, path, schema)
	}
	if err != nil {
		return nil, err
	}
	r := &Reader{db: db, hash: newHasher(o.Pepper, SchemeArgon2id)}
	matches, err := r.matchesPepper(ctx)
	if err == nil && !matches {
		var secrets bool
		err = db.Read.QueryRowContext(ctx,
			"SELECT EXISTS (SELECT 1 FROM credentials) OR EXISTS (SELECT 1 FROM sealed)").Scan(&secrets)
		if err == nil && secrets {
			err = r.wrongPepper()
		}
	}
	if err == nil {
		err = r.hasAllPeppers(ctx)
	}
	if err != nil {
		return nil, errors.Join(sqlite.Explain(path, err), db.Close())
	}
	return r, nil
}

// matchesPepper reports whether the secrets were stored under this pepper.
func (r *Reader) matchesPepper(ctx context.Context) (bool, error) {
	var known []byte
	err := r.db.Read.QueryRowContext(ctx, "SELECT fingerprint FROM pepper").Scan(&known)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && bytes.Equal(known, fingerprint(r.hash.ring.Load().first.key)), err
}

func (r *Reader) wrongPepper() error {
	return &sqlite.OpenError{Path: r.db.Path, Kind: ErrWrongPepper, Sentence: fmt.Sprintf(
		"the secrets in %s were stored under another pepper: restore the pepper file that belongs to it",
		filepath.Base(r.db.Path))}
}

// adoptPepper refuses a pepper under which the secrets were not stored: every answer would be wrong. Without secrets
// it adopts any.
func (d *Directory) adoptPepper(ctx context.Context) error {
	if matches, err := d.matchesPepper(ctx); matches || err != nil {
		return err
	}
	return d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO pepper SELECT 1, ?1
			WHERE NOT EXISTS (SELECT 1 FROM credentials) AND NOT EXISTS (SELECT 1 FROM sealed)
			ON CONFLICT DO UPDATE SET fingerprint = ?1`, fingerprint(d.hash.ring.Load().first.key))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); n > 0 || err != nil {
			return err
		}
		return d.wrongPepper()
	})
}

// Close closes the file. No other method may run during it or after it.
func (r *Reader) Close() error { return r.db.Close() }

// customerColumns are the columns of "customers c" for scanCustomer.
const customerColumns = `c.id, c.name, c.language, (SELECT coalesce(group_concat(kind, ' '), '') FROM
	(SELECT kind FROM credentials WHERE customer = c.id UNION ALL SELECT kind FROM sealed WHERE customer = c.id))`

func scanCustomer(r sqlite.Row) (c session.Customer, err error) {
	var kinds string
	err = r.Scan(&c.ID, &c.Name, &c.Language, &kinds)
	if kinds != "" {
		c.Enrolled = strings.Fields(kinds)
	}
	return c, err
}

// maxOnOnePhone bounds the result of ByPhone: a switchboard, or a dummy number for "none", may be on file a thousand
// times.
const maxOnOnePhone = 100

// ByPhone finds the customers with a number in the form of session.E164, up to 100, ordered by id.
func (d *Reader) ByPhone(ctx context.Context, e164 string) ([]session.Customer, error) {
	return d.customers(ctx, `SELECT `+customerColumns+` FROM phones p JOIN customers c ON c.id = p.customer
		WHERE p.e164 = ? ORDER BY c.id LIMIT ?`, e164, maxOnOnePhone)
}

// ByIdentifier finds the customer with an identifier of a kind, ignoring spaces, dashes and case. The kind
// KindCustomer is the customer's id, which callers can key if it has only digits.
func (d *Reader) ByIdentifier(ctx context.Context, kind, value string) (c session.Customer, found bool, err error) {
	if kind == KindCustomer {
		return d.ByID(ctx, plain(value))
	}
	found = true
	c, err = scanCustomer(d.db.Read.QueryRowContext(ctx, `SELECT `+customerColumns+`
		FROM identifiers i JOIN customers c ON c.id = i.customer
		WHERE i.kind = ? AND i.value = ?`, kind, plain(value)))
	if errors.Is(err, sql.ErrNoRows) {
		return session.Customer{}, false, nil
	}
	if err != nil {
		return session.Customer{}, false, fmt.Errorf("look up %s: %w", kind, err)
	}
	return c, found, nil
}

// ByID finds a customer who was identified earlier.
func (d *Reader) ByID(ctx context.Context, id string) (c session.Customer, found bool, err error) {
	c, err = scanCustomer(d.db.Read.QueryRowContext(ctx, `SELECT `+customerColumns+` FROM customers c WHERE c.id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return session.Customer{}, false, nil
	}
	if err != nil {
		return session.Customer{}, false, fmt.Errorf("look up customer: %w", err)
	}
	return c, true, nil
}

var withoutGaps = strings.NewReplacer(" ", "", "-", "")

// plain returns the form in which identifiers are stored and compared.
func plain(identifier string) string { return strings.ToUpper(withoutGaps.Replace(identifier)) }

func (d *Reader) customers(ctx context.Context, query string, args ...any) ([]session.Customer, error) {
	return sqlite.Collect(ctx, d.db, scanCustomer, query, args...)
}
