package reportsdb

import (
	"context"
	"fmt"
	"time"

	"countersign/store/sqlite"
)

// Retain is Expire, and also removes traces of the persons from the file: it rebuilds the index of customers, whose
// pages keep scraps of moved rows, and empties the write-ahead log. It returns how many calls were anonymised or
// removed.
func (r *Reports) Retain(ctx context.Context, persons, all time.Time) (calls int, err error) {
	if calls, err = r.Expired(ctx, persons, all); err != nil {
		return 0, err
	}
	if _, err := r.Expire(ctx, persons, all); err != nil {
		return 0, err
	}
	// Calls whose start never came have nothing but events.
	_, err = r.db.Write.ExecContext(ctx, `DELETE FROM agent_data WHERE at < ? AND NOT EXISTS (SELECT 1 FROM call_data c
		WHERE c.call = agent_data.call)`, persons.UnixMilli())
	if err != nil {
		return 0, fmt.Errorf("expire reports: %w", sqlite.Busy(err))
	}
	_, err = r.db.Write.ExecContext(ctx, `DELETE FROM events WHERE NOT EXISTS (SELECT 1 FROM call_data c
		WHERE c.call = events.call) AND unixepoch(json ->> '$.time') < ?`,
		persons.Unix())
	if err != nil {
		return 0, fmt.Errorf("expire reports: %w", sqlite.Busy(err))
	}
	if calls > 0 {
		if _, err := r.db.Write.ExecContext(ctx, "REINDEX calls_by_customer"); err != nil {
			return calls, fmt.Errorf("expire reports: %w", sqlite.Busy(err))
		}
	}
	return calls, r.db.EmptyLog(ctx)
}

// Expired counts the calls that Retain would anonymise or remove.
func (r *Reader) Expired(ctx context.Context, persons, all time.Time) (calls int, err error) {
	err = r.db.Read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM call_data WHERE `+ofPersons+`
		AND started >= ?2) + (SELECT count(*) FROM call_data WHERE started < ?2)`,
		persons.UnixMilli(), bucket(all.UnixMilli(), dayWidth)).Scan(&calls)
	if err != nil {
		return 0, fmt.Errorf("look for old calls in the reports: %w", err)
	}
	return calls, nil
}

// Newest is when the youngest call began, or the zero time.
func (r *Reader) Newest(ctx context.Context) (time.Time, error) {
	return r.db.Newest(ctx, `SELECT started FROM call_data ORDER BY started DESC LIMIT 1`)
}
