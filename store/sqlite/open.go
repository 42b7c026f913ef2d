package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"runtime"
	"time"

	"countersign/internal/datafile"

	"github.com/mattn/go-sqlite3"
)

// busyTimeout is how long a connection waits for another process that is writing (docs/policy.md#sqlite).
const busyTimeout = 5 * time.Second

// Schema is one kind of database file.
type Schema struct {
	// Application is the number in the file's header that identifies this kind of database.
	Application int
	// Synchronous is NORMAL (commits survive a crash of the process) or FULL (and a power cut).
	Synchronous string
	// Name is what the file holds.
	Name string
	// Anew says, for an operator whose file is gone, what a new one means: "to begin anew without the calls in it".
	// Rebuild is the command that makes it; "": whoever deletes the note gets it.
	Anew, Rebuild string
	// Files has the migrations in the folder "migrations".
	Files fs.FS

	sync func(path string) error // in place of datafile.Sync, in tests
}

// DB is an open SQLite file: one connection that writes and a pool of connections that only read.
type DB struct {
	Path        string
	Write, Read *sql.DB

	writes writes
}

// Open opens or creates a database and brings it to the newest schema. It does not create one where there was one
// (ErrLost). An *OpenError tells the operator what is wrong. On error the file is unchanged.
func Open(ctx context.Context, path string, s Schema) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := noteOlder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	was, _, err := s.checkFile(path)
	if err != nil {
		return nil, err
	}
	if err := datafile.Create(path, nil); err != nil {
		return nil, AccessError(path, err)
	}
	db := &DB{Path: path}
	if db.Write, err = sql.Open("sqlite3", dsn(path, s, "_txlock", "immediate")); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.Write.SetMaxOpenConns(1)
	if db.Read, err = openReaders(path, s, "_query_only", "1"); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Write.Close())
	}
	if err := db.migrate(ctx, s, was); err != nil {
		return nil, errors.Join(s.explain(path, err), db.Close())
	}
	if !was {
		if err := s.flush(path); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	if err := note(path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// openReaders makes the pool of read-only connections.
func openReaders(path string, s Schema, more ...string) (*sql.DB, error) {
	pool, err := sql.Open("sqlite3", dsn(path, s, more...))
	if err != nil {
		return nil, err
	}
	readers := max(4, runtime.NumCPU())
	pool.SetMaxOpenConns(readers)
	pool.SetMaxIdleConns(readers)
	return pool, nil
}

// OpenReadOnly opens a database without changing it: it creates no database and migrates none. SQLite may leave an
// empty log beside it (-wal, -shm), as after a crash. An *OpenError with
// ErrMissing, ErrOlder or ErrNewer means that the file is missing or has another schema than this program. Write is
// nil.
func OpenReadOnly(ctx context.Context, path string, s Schema) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	was, is, err := s.checkFile(path)
	if err != nil {
		return nil, err
	}
	if !is {
		return nil, missingError(path)
	}
	db := &DB{Path: path}
	if db.Read, err = openReaders(path, s, "mode", "ro", "_query_only", "1"); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := db.checkVersion(ctx, s, was); err != nil {
		return nil, errors.Join(s.explain(path, err), db.Close())
	}
	return db, nil
}

// dsn carries the settings that SQLite keeps per connection, so that each connection of a pool has them.
func dsn(path string, s Schema, more ...string) string {
	q := url.Values{
		"mode":             {"rw"}, // datafile.Create creates the file, with the right permissions
		"_busy_timeout":    {fmt.Sprint(busyTimeout.Milliseconds())},
		"_foreign_keys":    {"1"},
		"_synchronous":     {s.Synchronous},
		"_secure_delete":   {"1"}, // overwrite deleted content
		"_stmt_cache_size": {"32"},
	}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// Close closes the file.
func (db *DB) Close() error {
	err := db.Read.Close()
	if db.Write != nil {
		err = errors.Join(err, db.Write.Close())
	}
	return err
}

// InTx runs f in a transaction of the writer. It waits for the connection and for other processes. Once f runs, ctx
// no longer cancels it: with a cancellable context go-sqlite3 would start a goroutine for every statement.
func (db *DB) InTx(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) error) (err error) {
	began := time.Now()
	defer func() {
		err = db.named(err)
		db.writes.note(began, err)
	}()
	conn, err := db.Write.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	ctx = context.WithoutCancel(ctx)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return Busy(err)
	}
	if err := f(ctx, tx); err != nil {
		_ = tx.Rollback() // SQLite may have rolled back by itself already
		return err
	}
	return tx.Commit()
}

// Busy turns SQLite's "database is locked" into an ErrBusy.
func Busy(err error) error {
	if IsCode(err, sqlite3.ErrBusy) {
		return fmt.Errorf("%w: another program is writing to the database (%w)", ErrBusy, err)
	}
	return err
}

// IsCode reports whether err is an SQLite error with one of the codes.
func IsCode(err error, codes ...sqlite3.ErrNo) bool {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}
