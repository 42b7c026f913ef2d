// Package attempts keeps this machine's copy of attempts and locks, in attempts.db. It answers "what did this machine
// know of them before it stopped", while NATS is unavailable or has lost them. NATS has the truth otherwise;
// session/guard decides what a record means.
package attempts

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"countersign/session/guard"
	"countersign/store/sqlite"
)

//go:embed migrations
var migrations embed.FS

// A commit survives a crash of the process. After a power cut the last ones may be missing: NATS has those, unless it
// was away.
var schema = sqlite.Schema{
	Application: 0x43536774 /* CSgt */, Synchronous: "NORMAL", Name: "attempts",
	Anew: "to begin anew with the attempts and locks that NATS has", Files: migrations,
}

// Attempts is an open attempts.db. Any goroutine may use it.
type Attempts struct {
	db  *sqlite.DB
	now func() time.Time
}

var _ guard.Copy = (*Attempts)(nil)

// Options configure Attempts.
type Options struct {
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Log is told of a damaged file. Default: no log.
	Log *slog.Logger
}

// Open opens or creates the file for a service, which has the folder to itself. A damaged file is set aside and begun
// anew: NATS has what was in it, unless it was away. Other errors tell the operator what to do.
func Open(ctx context.Context, path string, o Options) (*Attempts, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db, err := openWhole(ctx, path)
	if sqlite.IsDamaged(err) {
		aside, moving := sqlite.SetAside(path, o.Now())
		if moving != nil {
			return nil, errors.Join(err, moving)
		}
		o.Log.Error("attempts on disk were damaged and are begun anew with those that NATS has; "+
			"attempts that only this machine knew of are forgotten", "set_aside", aside, "err", err)
		db, err = openWhole(ctx, path)
	}
	if err != nil {
		return nil, err
	}
	return &Attempts{db, o.Now}, nil
}

// openWhole opens a file that is not damaged.
func openWhole(ctx context.Context, path string) (*sqlite.DB, error) {
	db, err := sqlite.Open(ctx, path, schema)
	if err != nil {
		return nil, err
	}
	if err := sqlite.Check(ctx, path, true); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close closes the file.
func (a *Attempts) Close() error { return a.db.Close() }

// Writes counts the transactions of attempts.db.
func (a *Attempts) Writes() sqlite.Writes { return a.db.Writes() }

// Read implements guard.Copy.
func (a *Attempts) Read(ctx context.Context, key string) (value []byte, err error) {
	err = a.db.Read.QueryRowContext(ctx, `SELECT value FROM records WHERE key = ?`, key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, a.failed("read", err)
}

// Write implements guard.Copy.
func (a *Attempts) Write(ctx context.Context, records map[string]guard.Copied) error {
	now := a.now().UnixMilli()
	return a.failed("write", a.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for key, r := range records {
			var err error
			if r.Value == nil {
				_, err = tx.ExecContext(ctx, `DELETE FROM records WHERE key = ?`, key)
			} else {
				_, err = tx.ExecContext(ctx, `INSERT INTO records (key, value, unsent, changed) VALUES (?, ?, ?, ?)
					ON CONFLICT (key) DO UPDATE SET value = excluded.value, unsent = excluded.unsent, changed = excluded.changed`,
					key, r.Value, r.Unsent, now)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// All implements guard.Copy.
func (a *Attempts) All(ctx context.Context, most int) (map[string]guard.Copied, error) {
	type row struct {
		key string
		guard.Copied
	}
	rows, err := sqlite.Collect(ctx, a.db, func(r sqlite.Row) (one row, err error) {
		err = r.Scan(&one.key, &one.Value, &one.Unsent)
		return one, err
	}, `SELECT key, value, unsent FROM records ORDER BY unsent DESC, changed DESC LIMIT ?`, most)
	all := make(map[string]guard.Copied, len(rows))
	for _, r := range rows {
		all[r.key] = r.Copied
	}
	return all, err
}

// Prune forgets records that did not change since before. NATS still has those that last longer.
func (a *Attempts) Prune(ctx context.Context, before time.Time) error {
	_, err := a.db.Write.ExecContext(ctx, `DELETE FROM records WHERE changed < ? AND NOT unsent`, before.UnixMilli())
	return a.failed("prune", err)
}

func (a *Attempts) failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", what, filepath.Base(a.db.Path), err)
}
