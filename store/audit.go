package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

var auditSchema = schema{application: 0x43536175 /* CSau */, synchronous: "FULL", name: "audit", files: migrations}

// What the audit log tells of. Others may be added.
const (
	AuditLineApplied    = "line_applied"
	AuditLineEdited     = "line_edited"
	AuditLineRolledBack = "line_rolled_back"
	AuditLineRemoved    = "line_removed"
	AuditUnlocked       = "unlocked"
	AuditSecretSet      = "secret_set"
	AuditChecked        = "answer_checked"
	AuditMessaged       = "message_sent"
	AuditErased         = "erased"
	AuditImported       = "imported"
	AuditExported       = "exported"
	AuditReplayed       = "replayed"
	AuditRetention      = "retention_run"
	AuditRebuilt        = "reports_rebuilt"
	// AuditTrimmed: entries are removed because their time is over. It names the last of them.
	AuditTrimmed = "audit_trimmed"
)

// AuditEntry says who did what. It holds no secret, no full telephone number, and of a customer only the Alias.
type AuditEntry struct {
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

// AuditOptions are what an Audit needs. The zero value will do.
type AuditOptions struct {
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Audit is the log of who did what. Entries are only ever added; each is bound to the one before it by its hash. It is safe for use by several goroutines, and
// several processes may have the same file open.
type Audit struct {
	db  *database
	now func() time.Time
}

// OpenAudit opens or creates an audit log. An *OpenError tells a person what is wrong. Close it.
func OpenAudit(ctx context.Context, path string, o AuditOptions) (*Audit, error) {
	db, err := open(ctx, path, auditSchema)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Audit{db: db, now: o.Now}, nil
}

// Close closes the file.
func (a *Audit) Close() error { return a.db.close() }

// Append writes an entry, and notes the head. Both have outlived a power cut when Append returns.
func (a *Audit) Append(ctx context.Context, e AuditEntry) (written AuditEntry, err error) {
	err = a.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		written, err = a.add(ctx, tx, e)
		return err
	})
	if err != nil {
		return AuditEntry{}, fmt.Errorf("write the audit log: %w", err)
	}
	return written, a.note(written)
}

// errNotChained says that there is no entry to go on from, although the log is not new.
var errNotChained = errors.New("the audit log is damaged: countersign audit verify says where")

func (a *Audit) add(ctx context.Context, tx *sql.Tx, e AuditEntry) (AuditEntry, error) {
	var last int64
	var before []byte
	err := tx.QueryRowContext(ctx, `SELECT n, hash FROM (SELECT n, hash FROM entries UNION ALL SELECT n, hash FROM start) ORDER BY n DESC LIMIT 1`).Scan(&last, &before)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNotChained
	}
	if err != nil {
		return AuditEntry{}, err
	}
	e.N, e.Time = last+1, time.UnixMilli(a.now().UnixMilli()).UTC()
	hash := e.chained(before)
	e.Hash = hex.EncodeToString(hash)
	_, err = tx.ExecContext(ctx, `INSERT INTO entries (n, time, actor, action, object, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		e.N, e.Time.UnixMilli(), e.Actor, e.Action, e.Object, e.Detail, hash)
	return e, err
}

// chained is the hash of the entry behind another one: of that one's hash, and of a JSON array of n, the time in milliseconds, actor, action, object and detail.
func (e AuditEntry) chained(before []byte) []byte {
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

// AuditFilter chooses entries. What is zero chooses all.
type AuditFilter struct {
	// From is the first time, To the first that is too late.
	From, To       time.Time
	Action, Object string
}

// List calls each with the entries that were chosen, the oldest first, until it returns an error.
func (a *Audit) List(ctx context.Context, f AuditFilter, each func(AuditEntry) error) error {
	from, to := int64(0), int64(1)<<62
	if !f.From.IsZero() {
		from = f.From.UnixMilli()
	}
	if !f.To.IsZero() {
		to = f.To.UnixMilli()
	}
	return eachEntry(ctx, a.db.read, func(e AuditEntry, _ []byte) error { return each(e) },
		`WHERE time >= ? AND time < ? AND ?3 IN ('', action) AND ?4 IN ('', object)`, from, to, f.Action, f.Object)
}

// queryer is a *sql.DB or a *sql.Tx.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func eachEntry(ctx context.Context, from queryer, f func(AuditEntry, []byte) error, where string, args ...any) error {
	rows, err := from.QueryContext(ctx, `SELECT n, time, actor, action, object, detail, hash FROM entries `+where+` ORDER BY n`, args...)
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e AuditEntry
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

// Alias is what the audit log calls a customer: always the same for the same id, on every machine with this pepper, and not to be turned back.
func (d *Directory) Alias(customer string) string {
	key := d.PepperKey("audit/v1")
	defer clear(key)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(customer))
	return "customer " + hex.EncodeToString(mac.Sum(nil)[:aliasSize])
}

// aliasSize is in bytes: enough that no two customers share an alias.
const aliasSize = 12
