package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Expire takes the persons out of calls that began before persons, which then only count, and removes calls and sums of days that were over before all. It says how many
// calls it changed or removed.
func (r *Reports) Expire(ctx context.Context, persons, all time.Time) (calls int, err error) {
	err = r.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		calls = 0
		for _, s := range []struct {
			statement string
			before    int64
			calls     bool
		}{
			{"DELETE FROM events WHERE call IN (SELECT call FROM call_data WHERE started < ? AND complete = 0)", persons.UnixMilli(), false},
			// What comes late would bring the persons back: nothing is taken in any more.
			{`UPDATE call_data SET customer = NULL, caller_last4 = NULL, channel = NULL, complete = 1
				WHERE started < ? AND (complete = 0 OR coalesce(customer, caller_last4, channel) IS NOT NULL)`, persons.UnixMilli(), true},
			{"DELETE FROM call_data WHERE started < ?", bucket(all.UnixMilli(), dayWidth), true},
			{"DELETE FROM tallies WHERE started < ?", bucket(all.UnixMilli(), dayWidth), false},
			{"DELETE FROM questions WHERE started < ?", bucket(all.UnixMilli(), dayWidth), false},
			{"DELETE FROM step_tallies WHERE started < ?", bucket(all.UnixMilli(), dayWidth), false},
			{"DELETE FROM kind_days WHERE started < ?", bucket(all.UnixMilli(), dayWidth), false},
		} {
			done, err := tx.ExecContext(ctx, s.statement, s.before)
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			if err != nil {
				return err
			}
			if s.calls {
				calls += int(n)
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("expire reports: %w", err)
	}
	return calls, nil
}
