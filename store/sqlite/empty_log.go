package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"

	"countersign/internal/retry"
)

// Rewrite rebuilds a database without its deleted content and empties its write-ahead log. Other processes may have
// it open; their writes wait meanwhile. Without vacuum it only empties the log. Readers can block that, so it retries
// for a while.
func Rewrite(ctx context.Context, path string, vacuum bool) error {
	db, err := sql.Open("sqlite3", dsn(path, Schema{Synchronous: "FULL"}))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if vacuum {
		if _, err := db.ExecContext(ctx, "VACUUM"); err != nil {
			return fmt.Errorf("rewrite %s: %w", filepath.Base(path), Busy(err))
		}
	}
	for deadline := time.Now().Add(2 * busyTimeout); ; {
		var blocked, inLog, moved int
		if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&blocked, &inLog, &moved); err != nil {
			return fmt.Errorf("empty the log of %s: %w", filepath.Base(path), err)
		}
		if blocked == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("empty the log of %s: %w: another program is reading the database", filepath.Base(path), ErrBusy)
		}
		if err := retry.Pause(ctx, logWithin); err != nil {
			return err
		}
	}
}

const (
	logTries  = 20                    // attempts of EmptyLog
	logWithin = 50 * time.Millisecond // the most that others wait for one
)

// EmptyLog checkpoints and truncates the write-ahead log, which still holds pages from before a deletion. A long read
// can block that: EmptyLog then gives up without an error and leaves it to the next time.
func (db *DB) EmptyLog(ctx context.Context) error {
	for range logTries {
		blocked, err := db.tryEmptyLog(ctx)
		if err != nil {
			return fmt.Errorf("empty the log of %s: %w", filepath.Base(db.Path), err)
		}
		if !blocked {
			return nil
		}
		if err := retry.Pause(ctx, logWithin); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) tryEmptyLog(ctx context.Context) (blocked bool, err error) {
	conn, err := db.Write.Conn(ctx)
	if err != nil {
		return false, err
	}
	ctx = context.WithoutCancel(ctx)
	defer func() {
		_, back := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", busyTimeout.Milliseconds()))
		err = errors.Join(err, back, conn.Close())
	}()
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", logWithin.Milliseconds())); err != nil {
		return false, err
	}
	var inLog, moved int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&blocked, &inLog, &moved)
	if IsCode(err, sqlite3.ErrBusy, sqlite3.ErrLocked) { // in use elsewhere
		return true, nil
	}
	return blocked, err
}
