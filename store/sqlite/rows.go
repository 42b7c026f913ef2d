package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"time"
)

// Exec executes a statement and returns how many rows it affected.
func Exec(ctx context.Context, tx *sql.Tx, query string, args ...any) (rows int, err error) {
	done, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// Text returns s as a value, NULL if it is empty.
func Text(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// Row is one row of a result.
type Row interface{ Scan(...any) error }

// Collect reads all rows of a query.
func Collect[T any](ctx context.Context, db *DB, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(db.Path), db.named(err))
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", filepath.Base(db.Path), db.named(err))
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(db.Path), db.named(err))
	}
	return all, nil
}

// ScanString scans a row of one text column.
func ScanString(r Row) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}

// Newest runs a query for one time in milliseconds since 1970; the zero time if there is none.
func (db *DB) Newest(ctx context.Context, query string) (time.Time, error) {
	var at *int64
	if err := db.Read.QueryRowContext(ctx, `SELECT (`+query+`)`).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read %s: %w", filepath.Base(db.Path), err)
	}
	if at == nil {
		return time.Time{}, nil
	}
	return time.UnixMilli(*at).UTC(), nil
}
