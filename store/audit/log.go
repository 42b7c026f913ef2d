// Package audit keeps the log of who did what, in audit.db: append-only, chained by hashes, with the heads of the chain noted in a
// file beside it. It answers "who changed that, and is the log still whole". It knows no secret, and customers only by an alias.
package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/store/sqlite"
)

//go:embed migrations
var migrations embed.FS

var schema = sqlite.Schema{Application: 0x43536175 /* CSau */, Synchronous: "FULL", Name: "audit", Files: migrations}

// What the audit log tells of. Others may be added.
const (
	LineApplied    = "line_applied"
	LineEdited     = "line_edited"
	LineRolledBack = "line_rolled_back"
	LineRemoved    = "line_removed"
	Unlocked       = "unlocked"
	SecretSet      = "secret_set"
	Checked        = "answer_checked"
	Messaged       = "message_sent"
	Erased         = "erased"
	Imported       = "imported"
	Exported       = "exported"
	Replayed       = "replayed"
	Retention      = "retention_run"
	Rebuilt        = "reports_rebuilt"
	// Trimmed: entries are removed because their time is over. It names the last of them.
	Trimmed = "audit_trimmed"
)

// Entry says who did what. It holds no secret, no full telephone number, and of a customer only the Alias.
type Entry struct {
	// N counts the entries from 1, without a gap. Append sets it, and Time and Hash.
	N int64 `json:"n"`
	// Time is when the entry was written, to the millisecond.
	Time time.Time `json:"time"`
	// Actor is who did it, as they or their system say: user@host.
	Actor string `json:"actor"`
	// Action is one of the words above, Object what it was done to, Detail what else matters.
	Action string `json:"action"`
	Object string `json:"object"`
	Detail string `json:"detail"`
	// Hash is SHA-256 of the hash of the entry before and of this entry.
	Hash string `json:"hash"`
}

// Options are what a Log needs. The zero value will do.
type Options struct {
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Reader reads the log. It changes nothing. It is safe for use by several goroutines.
type Reader struct {
	db  *sqlite.DB
	now func() time.Time
}

// OpenReadOnly opens an audit log to read in it, as sqlite.OpenReadOnly does. Before the first entry there is no file: the log is then empty,
// and Verify still holds it against the heads that were noted. Close it.
func OpenReadOnly(ctx context.Context, path string) (*Reader, error) {
	db, err := sqlite.OpenReadOnly(ctx, path, schema)
	if errors.Is(err, sqlite.ErrMissing) {
		db, err = sqlite.OpenEmpty(ctx, path, schema)
	}
	if err != nil {
		return nil, err
	}
	return &Reader{db: db, now: time.Now}, nil
}

// Log is the log of who did what. Entries are only ever added; each is bound to the one before it by its hash. It is safe for use by several goroutines, and
// several processes may have the same file open.
type Log struct {
	Reader
}

// Open opens or creates an audit log. An *OpenError tells a person what is wrong. Close it.
func Open(ctx context.Context, path string, o Options) (*Log, error) {
	db, err := sqlite.Open(ctx, path, schema)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Log{Reader{db: db, now: o.Now}}, nil
}

// Close closes the file.
func (a *Reader) Close() error { return a.db.Close() }

// Append writes an entry, and notes the head. Both have outlived a power cut when Append returns.
func (a *Log) Append(ctx context.Context, e Entry) (written Entry, err error) {
	err = a.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		written, err = a.add(ctx, tx, e)
		return err
	})
	if err != nil {
		return Entry{}, fmt.Errorf("write the audit log: %w", err)
	}
	return written, a.note(written)
}

// errNotChained says that there is no entry to go on from, although the log is not new.
var errNotChained = errors.New("the audit log is damaged: countersign audit verify says where")

func (a *Log) add(ctx context.Context, tx *sql.Tx, e Entry) (Entry, error) {
	var last int64
	var before []byte
	err := tx.QueryRowContext(ctx, `SELECT n, hash FROM (SELECT n, hash FROM entries UNION ALL SELECT n, hash FROM start) ORDER BY n DESC LIMIT 1`).Scan(&last, &before)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNotChained
	}
	if err != nil {
		return Entry{}, err
	}
	e.N, e.Time = last+1, time.UnixMilli(a.now().UnixMilli()).UTC()
	hash := e.chained(before)
	e.Hash = hex.EncodeToString(hash)
	_, err = tx.ExecContext(ctx, `INSERT INTO entries (n, time, actor, action, object, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		e.N, e.Time.UnixMilli(), e.Actor, e.Action, e.Object, e.Detail, hash)
	return e, err
}

// chained is the hash of the entry behind another one: of that one's hash, and of a JSON array of n, the time in milliseconds, actor, action, object and detail.
func (e Entry) chained(before []byte) []byte {
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false) // as in every other language
	if err := out.Encode([]any{e.N, e.Time.UnixMilli(), e.Actor, e.Action, e.Object, e.Detail}); err != nil {
		panic(err) // numbers and strings can be written
	}
	h := sha256.New()
	h.Write(before)
	h.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
	return h.Sum(nil)
}

// Filter chooses entries. What is zero chooses all.
type Filter struct {
	// From is the first time, To the first that is too late.
	From, To       time.Time
	Action, Object string
}

// List calls each with the entries that were chosen, the oldest first, until it returns an error.
func (a *Reader) List(ctx context.Context, f Filter, each func(Entry) error) error {
	from, to := int64(0), int64(1)<<62
	if !f.From.IsZero() {
		from = f.From.UnixMilli()
	}
	if !f.To.IsZero() {
		to = f.To.UnixMilli()
	}
	return eachEntry(ctx, a.db.Read, func(e Entry, _ []byte) error { return each(e) },
		`WHERE time >= ? AND time < ? AND ?3 IN ('', action) AND ?4 IN ('', object)`, from, to, f.Action, f.Object)
}

// queryer is a *sql.DB or a *sql.Tx.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func eachEntry(ctx context.Context, from queryer, f func(Entry, []byte) error, where string, args ...any) error {
	rows, err := from.QueryContext(ctx, `SELECT n, time, actor, action, object, detail, hash FROM entries `+where+` ORDER BY n`, args...)
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e Entry
		var at int64
		var hash []byte
		if err := rows.Scan(&e.N, &at, &e.Actor, &e.Action, &e.Object, &e.Detail, &hash); err != nil {
			return fmt.Errorf("read the audit log: %w", err)
		}
		e.Time, e.Hash = time.UnixMilli(at).UTC(), hex.EncodeToString(hash)
		if err := f(e, hash); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	return nil
}

// Newest is the time of the last entry; the zero time if there is none.
func (a *Reader) Newest(ctx context.Context) (time.Time, error) {
	return a.db.Newest(ctx, `SELECT time FROM entries ORDER BY n DESC LIMIT 1`)
}
