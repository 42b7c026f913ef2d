package reportsdb

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"countersign/internal/retry"
	"countersign/store/sqlite"
)

// expireCalls is how many calls Expire changes per transaction, so that other writers get a turn.
const expireCalls = 1000

// expireRest is the pause for other writers between two transactions.
const expireRest = 50 * time.Millisecond

// ofPersons picks calls from before a time that still say who called, or whose late events would say it again. It has
// an index.
const ofPersons = `started < ?1 AND (complete = 0 OR coalesce(customer, caller_last4, channel) IS NOT NULL)`

// Expire anonymises calls that began before persons, and removes calls and sums of days that ended before all. It
// returns how many calls it changed or removed. It works a few calls at a time; if it fails, what is done stays done.
func (r *Reports) Expire(ctx context.Context, persons, all time.Time) (calls int, err error) {
	if calls, err = r.expirePersons(ctx, persons); err != nil {
		return calls, fmt.Errorf("expire reports: %w", err)
	}
	days := bucket(all.UnixMilli(), dayWidth)
	n, err := r.inChunks(ctx, func(ctx context.Context, tx *sql.Tx) (int, error) {
		_, err := tx.ExecContext(ctx, "DELETE FROM agent_data WHERE call IN (SELECT call FROM call_data WHERE started < ? "+
			"ORDER BY n LIMIT ?)", days, expireCalls)
		if err != nil {
			return 0, err
		}
		return sqlite.Exec(ctx, tx, "DELETE FROM call_data WHERE n IN (SELECT n FROM call_data WHERE started < ? "+
			"ORDER BY n LIMIT ?)",
			days, expireCalls)
	})
	calls += n
	if err != nil {
		return calls, fmt.Errorf("expire reports: %w", err)
	}
	err = r.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, table := range []string{"tallies", "questions", "step_tallies"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE width IN (?, ?) AND started < ?", dayWidth,
				quarterWidth, days); err != nil {
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
		_, err := tx.ExecContext(ctx, "DELETE FROM events WHERE call IN "+fmt.Sprintf(chunk, "call"), before.UnixMilli(),
			expireCalls)
		if err != nil {
			return 0, err
		}
		err = expireAgents(ctx, tx, fmt.Sprintf(chunk, "call"), before.UnixMilli(), expireCalls)
		if err != nil {
			return 0, err
		}
		// Late events would say again who called, so no more are accepted.
		return sqlite.Exec(ctx, tx, "UPDATE call_data SET customer = NULL, caller_last4 = NULL, channel = NULL, "+
			"agent = NULL, complete = 1 WHERE n IN "+fmt.Sprintf(chunk, "n"),
			before.UnixMilli(), expireCalls)
	})
}

// inChunks calls f, each time in its own transaction, until it changes fewer than expireCalls calls. It returns how
// many were changed.
func (r *Reports) inChunks(
	ctx context.Context, f func(ctx context.Context, tx *sql.Tx) (changed int, err error),
) (calls int, err error) {
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
