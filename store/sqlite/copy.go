package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/mattn/go-sqlite3"

	"countersign/internal/datafile"
)

// pagesAtOnce is how much of a database is copied before ctx is asked: 4 MB.
const pagesAtOnce = 1024

// Copy copies the database at from, of whatever schema, to the new file at to, as it is at one moment. Others may write
// to it meanwhile, from any process: they do not wait. Until it is done, their log grows.
func Copy(ctx context.Context, from, to string) (err error) {
	if err := datafile.Create(to, nil); err != nil {
		return AccessError(to, err)
	}
	return onFile(ctx, from, "ro", func(read *sql.Conn) error {
		// The transaction holds the moment: without it a copy begins again whenever somebody writes.
		if _, err := read.ExecContext(ctx, "BEGIN"); err != nil {
			return Busy(err)
		}
		if _, err := read.ExecContext(ctx, "SELECT count(*) FROM sqlite_schema"); err != nil {
			return Busy(err)
		}
		return onFile(ctx, to, "rw", func(written *sql.Conn) error {
			return read.Raw(func(source any) error {
				return written.Raw(func(target any) error {
					return copyPages(ctx, source.(*sqlite3.SQLiteConn), target.(*sqlite3.SQLiteConn))
				})
			})
		})
	})
}

func copyPages(ctx context.Context, from, to *sqlite3.SQLiteConn) (err error) {
	copying, err := to.Backup("main", from, "main")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copying.Finish()) }()
	for {
		done, err := copying.Step(pagesAtOnce)
		if err != nil {
			return Busy(err)
		}
		if done {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
}

// Count checks every page of the database at path, of whatever schema, and returns how many rows each of its tables has.
// Nobody else may have it open.
func Count(ctx context.Context, path string) (rows map[string]int64, err error) {
	rows = map[string]int64{}
	err = onFile(ctx, path, "rw", func(conn *sql.Conn) error { // a log beside it cannot be read without writing
		if wrong, err := texts(ctx, conn, "PRAGMA integrity_check"); err != nil || len(wrong) != 1 || wrong[0] != "ok" {
			return errors.Join(err, fmt.Errorf("it is damaged: %s", strings.Join(wrong, "; ")))
		}
		tables, err := texts(ctx, conn, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
		if err != nil {
			return err
		}
		for _, table := range tables {
			var n int64
			quoted := `"` + strings.ReplaceAll(table, `"`, `""`) + `"`
			if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM "+quoted).Scan(&n); err != nil {
				return fmt.Errorf("count %s: %w", table, err)
			}
			rows[table] = n
		}
		return nil
	})
	return rows, err
}

// onFile runs f on a connection of its own. Its errors name the file.
func onFile(ctx context.Context, path, mode string, f func(*sql.Conn) error) (err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}()
	q := url.Values{"mode": {mode}, "_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())}}
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return f(conn)
}

func texts(ctx context.Context, conn *sql.Conn, query string) (all []string, err error) {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}
