package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"

	"countersign/internal/datafile"
	"countersign/internal/retry"
)

// migrate brings the file to the newest schema, or refuses it untouched. Migrations are named 0001_what.sql,
// 0002_what.sql and are applied in that order; the number of the last one is the schema version, kept in the file's
// user_version. They only go forward: a released migration never changes.
//
// was says that there was a database. A file without a schema is not it: the log that had the schema was removed.
func (db *DB) migrate(ctx context.Context, s Schema, was bool) error {
	steps, err := s.migrations()
	if err != nil {
		return err
	}
	version, err := db.version(ctx, s, len(steps))
	if err != nil {
		return err
	}
	if version == 0 && was {
		return s.lostError(db.Path, "empty")
	}
	if err := db.useWAL(ctx); err != nil {
		return err
	}
	if version == len(steps) { // no transaction needed: another process may be in a long one
		return nil
	}
	if version > 0 {
		unlock, err := db.lockFolder(version, len(steps))
		if err != nil {
			return err
		}
		defer unlock()
	}
	return db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		version, err := inspect(ctx, tx, db.Path, s, len(steps)) // again: another process may have been faster
		if err != nil || version == len(steps) {
			return err
		}
		for _, name := range steps[version:] {
			if err := apply(ctx, tx, s.Files, name); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx,
			fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", s.Application, len(steps)))
		return err
	})
}

// lockFolder keeps services from the folder during an upgrade. It refuses the upgrade if one is running: a service of
// an older version could not write to the file any more.
func (db *DB) lockFolder(found, known int) (unlock func(), err error) {
	lock := datafile.FolderLock(filepath.Dir(db.Path))
	unlock, err = datafile.LockUnlessHeld(lock)
	switch {
	case errors.Is(err, datafile.ErrInUse):
		return nil, servedError(db.Path, found, known)
	case err != nil:
		return nil, AccessError(lock, err)
	}
	return unlock, nil
}

func (s Schema) migrations() ([]string, error) { return fs.Glob(s.Files, "migrations/*.sql") }

// checkVersion refuses a file that does not have exactly the newest schema.
func (db *DB) checkVersion(ctx context.Context, s Schema, was bool) error {
	steps, err := s.migrations()
	if err != nil {
		return err
	}
	version, err := db.version(ctx, s, len(steps))
	switch {
	case err != nil:
		return err
	case version == 0 && was:
		return s.lostError(db.Path, "empty")
	case version == 0:
		return missingError(db.Path)
	case version < len(steps):
		return olderError(db.Path, version, len(steps))
	}
	return nil
}

func apply(ctx context.Context, tx *sql.Tx, files fs.FS, name string) error {
	script, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, string(script)); err != nil {
		return fmt.Errorf("apply %s: %w", name, err)
	}
	return nil
}

func (db *DB) version(ctx context.Context, s Schema, known int) (int, error) {
	tx, err := db.Read.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }()
	return inspect(ctx, tx, db.Path, s, known)
}

// inspect returns the schema version, 0 for an empty file, and refuses databases that are not ours.
func inspect(ctx context.Context, tx *sql.Tx, path string, s Schema, known int) (version int, err error) {
	var application, tables int
	if err := tx.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return 0, err
	}
	switch {
	case application == 0 && version == 0 && tables == 0:
		return 0, nil
	case application != s.Application:
		return 0, foreignError(path, "a database, but not Countersign's "+s.Name, nil)
	case version > known:
		return 0, newerError(path, version, known)
	default:
		return version, nil
	}
}

// useWAL turns the write-ahead log on. When two processes do so at once on a new file, SQLite may report "locked"
// without having waited, so it retries.
func (db *DB) useWAL(ctx context.Context) error {
	for deadline := time.Now().Add(busyTimeout); ; {
		var mode string
		err := db.Write.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
		switch {
		case err == nil && mode != "wal":
			return fmt.Errorf("the file system of %s cannot hold a database that several programs use (journal mode %s)",
				db.Path, mode)
		case !IsCode(err, sqlite3.ErrBusy) || time.Now().After(deadline):
			return err
		}
		if err := retry.Pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}
