package store

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// Newest is the time of the event that was written last; the zero time if there is none.
func (j *Journal) Newest(ctx context.Context) (time.Time, error) {
	return j.db.newest(ctx, `SELECT time FROM events ORDER BY rowid DESC LIMIT 1`)
}

// Newest is when the youngest call began; the zero time if there is none.
func (r *Reports) Newest(ctx context.Context) (time.Time, error) {
	return r.db.newest(ctx, `SELECT started FROM call_data ORDER BY started DESC LIMIT 1`)
}

// Newest is the time of the last entry; the zero time if there is none.
func (a *Audit) Newest(ctx context.Context) (time.Time, error) {
	return a.db.newest(ctx, `SELECT time FROM entries ORDER BY n DESC LIMIT 1`)
}

func (db *database) newest(ctx context.Context, query string) (time.Time, error) {
	var at *int64
	if err := db.read.QueryRowContext(ctx, `SELECT (`+query+`)`).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read %s: %w", filepath.Base(db.path), err)
	}
	if at == nil {
		return time.Time{}, nil
	}
	return time.UnixMilli(*at).UTC(), nil
}
