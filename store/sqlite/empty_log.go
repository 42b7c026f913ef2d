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

// Rewrite writes a database anew, without what was deleted from it, and empties its write-ahead log. Others may have it open; their writes wait meanwhile. Without
// vacuum it only empties the log, which others that read may keep it from: it tries for a while.
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

// logTries is how often emptyLog tries, and logWithin how long others may have to wait for it each time.
const (
	logTries  = 20
	logWithin = 50 * time.Millisecond
)

// EmptyLog moves what is in the write-ahead log to the database and cuts the log off: it holds pages as they were before something was deleted. Whoever reads for long keeps
// it from that; then the next time will do.
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
	if IsCode(err, sqlite3.ErrBusy, sqlite3.ErrLocked) { // somebody else is at it
		return true, nil
	}
	return blocked, err
}
