// Package customers keeps the customers in directory.db: who has this number, is this their PIN. It refuses to show a secret or its
// hash, and to decide what a caller may do.
//
// Secrets are stored as HMAC-SHA-256 under a pepper that lives outside the database (LoadPepper), under argon2id. Those that must be
// read again to be checked (TOTP) are encrypted under a key derived from the pepper.
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

var schema = sqlite.Schema{Application: 0x43536469 /* CSdi */, Synchronous: "FULL", Name: "directory", Files: migrations}

// Options are what a Directory needs. Pepper is required.
type Options struct {
	// Pepper is what LoadPepper returned.
	Pepper []byte
	// Scheme of new credentials: SchemeArgon2id, the default, or SchemeHMAC for those who cannot pay 40 ms of a core for each check. Credentials
	// that are stored otherwise keep working.
	Scheme string
	// Log hears of trouble in the background. Default: nothing is logged.
	Log *slog.Logger
	// Now is the clock, for what is dated. Default: time.Now.
	Now func() time.Time
}

// ErrWrongPepper says that the secrets of a directory were stored under another pepper.
var ErrWrongPepper = errors.New("wrong pepper")

// Reader knows the customers. It changes nothing. It is safe for use by several goroutines.
type Reader struct {
	db   *sqlite.DB
	hash *hasher
}

// Directory knows the customers and checks their secrets. It is safe for use by several goroutines, and several processes may have the same
// file open.
type Directory struct {
	Reader
	log *slog.Logger
	now func() time.Time
	// lastCheck is when a secret was checked last, in nanoseconds since 1970: Wrap keeps out of the way of calls.
	lastCheck atomic.Int64
}

// Open opens or creates a directory. An *OpenError tells a person what is wrong.
func Open(ctx context.Context, path string, o Options) (*Directory, error) {
	if o.Scheme == "" {
		o.Scheme = SchemeArgon2id
	}
	if o.Scheme != SchemeArgon2id && o.Scheme != SchemeHMAC {
		return nil, fmt.Errorf("unknown hash %q: known are %s and %s", o.Scheme, SchemeArgon2id, SchemeHMAC)
	}
	if len(o.Pepper) != pepperSize {
		return nil, fmt.Errorf("the pepper has %d bytes, want %d", len(o.Pepper), pepperSize)
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
	d := &Directory{Reader: Reader{db: db, hash: newHasher(o.Pepper, o.Scheme)}, log: o.Log, now: o.Now}
	if err := d.adoptPepper(ctx); err != nil {
		return nil, errors.Join(sqlite.Explain(path, err), db.Close())
	}
	return d, nil
}

// OpenReadOnly opens a directory to read in it, as sqlite.OpenReadOnly does. A file that is not there yet has no customers. Of the options it
// needs the pepper. Close it.
func OpenReadOnly(ctx context.Context, path string, o Options) (*Reader, error) {
	if len(o.Pepper) != pepperSize {
		return nil, fmt.Errorf("the pepper has %d bytes, want %d", len(o.Pepper), pepperSize)
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
		err = db.Read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM credentials) OR EXISTS (SELECT 1 FROM sealed)").Scan(&secrets)
		if err == nil && secrets {
			err = r.wrongPepper()
		}
	}
	if err != nil {
		return nil, errors.Join(sqlite.Explain(path, err), db.Close())
	}
	return r, nil
}

// matchesPepper says whether the stored hashes were made with this pepper.
func (r *Reader) matchesPepper(ctx context.Context) (bool, error) {
	var known []byte
	err := r.db.Read.QueryRowContext(ctx, "SELECT fingerprint FROM pepper").Scan(&known)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && bytes.Equal(known, r.hash.fingerprint()), err
}

func (r *Reader) wrongPepper() error {
	return &sqlite.OpenError{Path: r.db.Path, Kind: ErrWrongPepper, Sentence: fmt.Sprintf(
		"the secrets in %s were stored under another pepper: restore the pepper file that belongs to it", filepath.Base(r.db.Path))}
}

// adoptPepper refuses a pepper that the stored hashes were not made with: every answer would be wrong. Without hashes it takes any.
func (d *Directory) adoptPepper(ctx context.Context) error {
	if matches, err := d.matchesPepper(ctx); matches || err != nil {
		return err
	}
	return d.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO pepper SELECT 1, ?1
			WHERE NOT EXISTS (SELECT 1 FROM credentials) AND NOT EXISTS (SELECT 1 FROM sealed)
			ON CONFLICT DO UPDATE SET fingerprint = ?1`, d.hash.fingerprint())
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); n > 0 || err != nil {
			return err
		}
		return d.wrongPepper()
	})
}

// Close closes the file. No other method may run or be called any more.
func (r *Reader) Close() error { return r.db.Close() }

// customerColumns go with "customers c" and scanCustomer.
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

// maxOnOnePhone bounds the answer of ByPhone: a switchboard, or a made-up number that stands in for "none", may be on file a thousand times.
const maxOnOnePhone = 100

// ByPhone finds who has a number, written as session.E164 writes it: none, one, or several customers, ordered by id, and no more than 100.
func (d *Reader) ByPhone(ctx context.Context, e164 string) ([]session.Customer, error) {
	return d.customers(ctx, `SELECT `+customerColumns+` FROM phones p JOIN customers c ON c.id = p.customer
		WHERE p.e164 = ? ORDER BY c.id LIMIT ?`, e164, maxOnOnePhone)
}

// ByIdentifier finds whose identifier of a kind this is, written with or without spaces and dashes, in small letters or capitals. The kind KindCustomer is the
// customer's id, which can be keyed if it has nothing but digits.
func (d *Reader) ByIdentifier(ctx context.Context, kind, value string) (c session.Customer, found bool, err error) {
	if kind == KindCustomer {
		return d.ByID(ctx, plain(value))
	}
	found = true
	c, err = scanCustomer(d.db.Read.QueryRowContext(ctx, `SELECT `+customerColumns+` FROM identifiers i JOIN customers c ON c.id = i.customer
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

// plain is how identifiers are stored and compared.
func plain(identifier string) string { return strings.ToUpper(withoutGaps.Replace(identifier)) }

func (d *Reader) customers(ctx context.Context, query string, args ...any) ([]session.Customer, error) {
	return sqlite.Collect(ctx, d.db, scanCustomer, query, args...)
}
