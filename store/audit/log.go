// Package audit keeps the log of who did what, in audit.db: append-only, chained by hashes, with the heads of the
// chain noted in a file beside it. It answers "who changed that, and is the log still whole". It holds no secret, and
// customers only by an alias.
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

var schema = sqlite.Schema{Application: 0x43536175 /* CSau */, Synchronous: "FULL", Name: "audit",
	Anew: "to begin a new log", Files: migrations}

// The actions in the audit log. More may be added.
const (
	LineApplied    = "line_applied"
	LineEdited     = "line_edited"
	LineRolledBack = "line_rolled_back"
	LineRemoved    = "line_removed"
	LinePutBack    = "line_put_back"
	StateLost      = "state_lost"
	Unlocked       = "unlocked"
	SecretSet      = "secret_set"
	Checked        = "answer_checked"
	Messaged       = "message_sent"
	Erased         = "erased"
	Added          = "customer_added"
	Removed        = "customer_removed"
	HabitForgotten = "habits_forgotten"
	Imported       = "imported"
	Exported       = "exported"
	Replayed       = "replayed"
	Retention      = "retention_run"
	Rebuilt        = "reports_rebuilt"
	SignedIn       = "signed_in"
	SignInRefused  = "sign_in_refused"
	SignedOut      = "signed_out"
	PasswordSet    = "password_set"
	PasskeyAdded   = "passkey_added"
	PasskeyRemoved = "passkey_removed"
	PersonAdded    = "person_added"
	PersonChanged  = "person_changed"
	PersonInvited  = "person_invited"
	StepUpAsked    = "step_up_asked"
	KeyAdded       = "key_added"
	KeyChanged     = "key_changed"
	KeyRotated     = "key_rotated"
	KeyRevoked     = "key_revoked"
	WallPaired     = "wall_paired"
	WallRevoked    = "wall_revoked"
	WebhookRetried = "webhook_retried"
	Reloaded       = "settings_reloaded"
	LineReturned   = "line_returned"
	LineTried      = "line_tried"
	SettingsSet    = "settings_changed"
	// A callback was booked for a customer, moved, cancelled, or taken by an agent, who then sees the customer's word.
	CallbackBooked    = "callback_booked"
	CallbackMoved     = "callback_moved"
	CallbackCancelled = "callback_cancelled"
	CallbackTaken     = "callback_taken"
	// A customer took their call on to another destination.
	CallMoved = "call_moved"
	// Alerts were ordered, or answered by their customer, who may want none, or some again.
	AlertsOrdered  = "alerts_ordered"
	AlertAnswered  = "alert_answered"
	AlertsUnwanted = "alerts_unwanted"
	AlertsWanted   = "alerts_wanted"
	ErasureAsked   = "erasure_asked"
	BackedUp       = "backed_up"
	Restored       = "restored"
	// Trimmed: old entries were removed. Its detail names the last of them.
	Trimmed = "audit_trimmed"
)

// Entry says who did what. It holds no secret, no full telephone number, and only the alias of a customer.
type Entry struct {
	// N counts the entries from 1 without a gap. Append sets N, Time and Hash.
	N int64 `json:"n"`
	// Time is when the entry was written, to the millisecond.
	Time time.Time `json:"time"`
	// Actor is who did it by their own account (--author), or else User.
	Actor string `json:"actor"`
	// User is the system's user who did it, user@host; empty in entries of versions before 1.1.
	User string `json:"user,omitempty"`
	// Action is one of the words above, Object what it was done to, Detail the rest.
	Action string `json:"action"`
	Object string `json:"object"`
	Detail string `json:"detail"`
	// Hash is SHA-256 of the previous entry's hash and of this entry.
	Hash string `json:"hash"`
}

// Options configure a Log. The zero value has defaults.
type Options struct {
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Reader reads the log without changing it. It is safe for use by several goroutines.
type Reader struct {
	db  *sqlite.DB
	now func() time.Time
}

// OpenReadOnly opens an audit log as sqlite.OpenReadOnly does. A missing file counts as an empty log, which Verify
// still compares with the noted heads. The caller closes it.
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

// Log is the log of who did what. Entries are only appended, and each is bound to the one before it by its hash. It
// is safe for use by several goroutines, and several processes may have the same file open.
type Log struct {
	Reader
}

// Open opens or creates an audit log. An *sqlite.OpenError tells the operator what is wrong. The caller closes it.
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

// Append writes an entry and notes the head. Both are flushed to the disk when Append returns.
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

// errNotChained means that the entry before is missing, although the log is not new.
var errNotChained = errors.New("the audit log is damaged: countersign audit verify says where")

func (a *Log) add(ctx context.Context, tx *sql.Tx, e Entry) (Entry, error) {
	var last int64
	var before []byte
	err := tx.QueryRowContext(ctx, `SELECT n, hash FROM
		(SELECT n, hash FROM entries UNION ALL SELECT n, hash FROM start) ORDER BY n DESC LIMIT 1`).Scan(&last, &before)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNotChained
	}
	if err != nil {
		return Entry{}, err
	}
	e.N, e.Time = last+1, time.UnixMilli(a.now().UnixMilli()).UTC()
	hash := e.chained(before)
	e.Hash = hex.EncodeToString(hash)
	_, err = tx.ExecContext(ctx, `INSERT INTO entries (n, time, actor, action, object, detail, hash, user)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, e.N, e.Time.UnixMilli(), e.Actor, e.Action, e.Object, e.Detail, hash, e.User)
	return e, err
}

// chained returns the hash of the entry: of the previous hash and a JSON array of n, the time in milliseconds, actor,
// action, object and detail, and then of the user, if there is one.
func (e Entry) chained(before []byte) []byte {
	fields := []any{e.N, e.Time.UnixMilli(), e.Actor, e.Action, e.Object, e.Detail}
	if e.User != "" {
		fields = append(fields, e.User)
	}
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false) // so that other languages write the same JSON
	if err := out.Encode(fields); err != nil {
		panic(err) // cannot happen with numbers and strings
	}
	h := sha256.New()
	h.Write(before)
	h.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
	return h.Sum(nil)
}

// Filter selects entries. Zero fields select all.
type Filter struct {
	// From <= Time < To.
	From, To       time.Time
	Action, Object string
}

// List calls each with the selected entries, the oldest first, until it returns an error.
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
	rows, err := from.QueryContext(ctx,
		`SELECT n, time, actor, action, object, detail, hash, user FROM entries `+where+` ORDER BY n`, args...)
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e Entry
		var at int64
		var hash []byte
		if err := rows.Scan(&e.N, &at, &e.Actor, &e.Action, &e.Object, &e.Detail, &hash, &e.User); err != nil {
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

// Newest returns the time of the last entry; the zero time if there is none.
func (a *Reader) Newest(ctx context.Context) (time.Time, error) {
	return a.db.Newest(ctx, `SELECT time FROM entries ORDER BY n DESC LIMIT 1`)
}
