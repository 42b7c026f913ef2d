package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"
)

// IsDamaged reports whether an error says that a database is damaged: cut short, overwritten, or with pages that
// contradict each other.
func IsDamaged(err error) bool { return IsCode(err, sqlite3.ErrCorrupt, sqlite3.ErrNotADB) }

// Check reads a whole database, beside those who use it, and returns an *OpenError that IsDamaged if its pages or rows
// contradict each other; thorough also compares its indexes with its rows. Values that are merely other ones than were
// written are not found. A database that is missing is not damaged.
func Check(ctx context.Context, path string, thorough bool) (err error) {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil
	}
	db, err := sql.Open("sqlite3", dsn(path, Schema{Synchronous: "NORMAL"}, "mode", "ro", "_query_only", "1"))
	if err != nil {
		return fmt.Errorf("check %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	pragma := "PRAGMA quick_check(1)"
	if thorough {
		pragma = "PRAGMA integrity_check(1)"
	}
	var found string
	switch err := db.QueryRowContext(ctx, pragma).Scan(&found); {
	case err != nil:
		return Explain(path, err)
	case found != "ok":
		return Explain(path, &foundError{sqlite3.Error{Code: sqlite3.ErrCorrupt}, found})
	}
	return nil
}

// foundError is damage that SQLite tells in words.
type foundError struct {
	code  sqlite3.Error
	words string
}

func (e *foundError) Error() string { return e.words }

func (e *foundError) Unwrap() error { return e.code }

// SetAside renames a damaged database, so that the next Open makes a new one, and returns its new name. Nobody else may
// have it open.
func SetAside(path string, now time.Time) (to string, err error) {
	to = path + ".damaged-" + now.UTC().Format("20060102T150405.000")
	for _, end := range []string{"-wal", "-shm", ""} { // a log without its database is of no use to anybody
		if err := os.Rename(path+end, to+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", AccessError(path, err)
		}
	}
	if err := Forget(path); err != nil {
		return "", err
	}
	return filepath.Base(to), nil
}

// named names the database in an error of a statement that found it damaged.
func (db *DB) named(err error) error {
	if IsDamaged(err) {
		return Explain(db.Path, err)
	}
	return err
}
