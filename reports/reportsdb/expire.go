package reportsdb

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"countersign/internal/retry"
	"countersign/store/sqlite"
)

// expireCalls is how many calls Expire changes in one transaction: the reports go on between two.
const expireCalls = 1000

// expireRest is how long calls may write between two transactions.
const expireRest = 50 * time.Millisecond

// ofPersons are the calls from before a time that still say who called, or to which something may still come that would bring the persons back. There is an index of these.
const ofPersons = `started < ?1 AND (complete = 0 OR coalesce(customer, caller_last4, channel) IS NOT NULL)`

// Expire takes the persons out of calls that began before persons, which then only count, and removes calls and sums of days that were over before all. It says how many
// calls it changed or removed. It works a few calls at a time; when it fails, what it did so far is done.
func (r *Reports) Expire(ctx context.Context, persons, all time.Time) (calls int, err error) {
	if calls, err = r.expirePersons(ctx, persons); err != nil {
		return calls, fmt.Errorf("expire reports: %w", err)
	}
	days := bucket(all.UnixMilli(), dayWidth)
	n, err := r.inChunks(ctx, func(ctx context.Context, tx *sql.Tx) (int, error) {
		return sqlite.Exec(ctx, tx, "DELETE FROM call_data WHERE n IN (SELECT n FROM call_data WHERE started < ? LIMIT ?)", days, expireCalls)
	})
	calls += n
	if err != nil {
		return calls, fmt.Errorf("expire reports: %w", err)
	}
	err = r.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, table := range []string{"tallies", "questions", "step_tallies"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE width IN (?, ?) AND started < ?", dayWidth, quarterWidth, days); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM kind_days WHERE started < ?", days)
		return err
	})
	if err != nil {
		return calls, fmt.Errorf("expire reports: %w", err)
	}
	return calls, nil
}

func (r *Reports) expirePersons(ctx context.Context, before time.Time) (calls int, err error) {
	return r.inChunks(ctx, func(ctx context.Context, tx *sql.Tx) (int, error) {
		const chunk = "(SELECT %s FROM call_data WHERE " + ofPersons + " ORDER BY started, n LIMIT ?2)"
		_, err := tx.ExecContext(ctx, "DELETE FROM events WHERE call IN "+fmt.Sprintf(chunk, "call"), before.UnixMilli(), expireCalls)
		if err != nil {
			return 0, err
		}
		// What comes late would bring the persons back: nothing is taken in any more.
		return sqlite.Exec(ctx, tx, "UPDATE call_data SET customer = NULL, caller_last4 = NULL, channel = NULL, complete = 1 WHERE n IN "+fmt.Sprintf(chunk, "n"),
			before.UnixMilli(), expireCalls)
	})
}

// inChunks calls f, each time in a transaction of its own, until it changes less than expireCalls calls. It says how many were changed.
func (r *Reports) inChunks(ctx context.Context, f func(ctx context.Context, tx *sql.Tx) (changed int, err error)) (calls int, err error) {
	for {
		changed := 0
		err := r.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			changed, err = f(ctx, tx)
			return err
		})
		if err != nil {
			return calls, err
		}
		if calls += changed; changed < expireCalls {
			return calls, nil
		}
		if err := retry.Pause(ctx, expireRest); err != nil {
			return calls, err
		}
	}
}
