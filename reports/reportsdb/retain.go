package reportsdb

import (
	"context"
	"fmt"
	"time"

	"countersign/store/sqlite"
)

// Retain is Expire, and leaves nothing of the persons in the file: the index of customers, whose pages keep scraps of
// what was moved, is written anew, and the write-ahead log is emptied. It says how many calls were anonymised, or
// removed. With dryRun it only counts.
func (r *Reports) Retain(ctx context.Context, persons, all time.Time, dryRun bool) (calls int, err error) {
	err = r.db.Read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM call_data WHERE `+ofPersons+` AND started >= ?2) + (SELECT count(*) FROM call_data WHERE started < ?2)`,
		persons.UnixMilli(), bucket(all.UnixMilli(), dayWidth)).Scan(&calls)
	if err != nil {
		return 0, fmt.Errorf("look for old calls in the reports: %w", err)
	}
	if dryRun {
		return calls, nil
	}
	if _, err := r.Expire(ctx, persons, all); err != nil {
		return 0, err
	}
	// Of calls whose beginning never came there is nothing but these.
	_, err = r.db.Write.ExecContext(ctx, `DELETE FROM events WHERE NOT EXISTS (SELECT 1 FROM call_data c WHERE c.call = events.call) AND unixepoch(json ->> '$.time') < ?`,
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

// Newest is when the youngest call began; the zero time if there is none.
func (r *Reader) Newest(ctx context.Context) (time.Time, error) {
	return r.db.Newest(ctx, `SELECT started FROM call_data ORDER BY started DESC LIMIT 1`)
}
