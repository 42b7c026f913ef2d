package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"countersign/internal/retry"
	"countersign/store/sqlite"
)

// How Prune keeps out of the way of calls.
const (
	pruneCalls = 100                   // per transaction
	pruneStray = 1000                  // events per transaction
	pruneRest  = 50 * time.Millisecond // between transactions
	// pruneBacklog is the most events that may wait to be published: SQLite searches them for each event that is removed.
	pruneBacklog = 1000
)

// Pruned counts what Prune removed or would remove.
type Pruned struct {
	Calls  int `json:"calls"`
	Events int `json:"events"`
}

// BacklogError means that nothing was removed because too many or too old events wait to be published. Try again later.
type BacklogError struct{ Events int }

func (e *BacklogError) Error() string {
	return fmt.Sprintf("%d events wait to be published: nothing is removed from the journal until NATS has them", e.Events)
}

// stray selects events before a time without a row for their call, which the import of a part of a call leaves. every
// lists the calls of all events, one index lookup each.
const (
	every = `WITH RECURSIVE every (call) AS (SELECT min(call) FROM events
		UNION ALL SELECT (SELECT min(call) FROM events WHERE call > every.call) FROM every WHERE call IS NOT NULL)`
	stray = ` FROM every v JOIN events e ON e.call = v.call WHERE v.call NOT IN (SELECT call FROM calls) AND e.time < ?1`
)

// over selects calls that ended before a time, or began before it and never ended.
const over = `coalesce(ended, started) < ?1`

// Prune removes calls that were over before a time, with their events, and older events without a call. It works in
// small steps and then empties the write-ahead log, which may hold them too. A *BacklogError says that it must wait.
// When ctx ends, what was removed stays removed.
func (j *Journal) Prune(ctx context.Context, before time.Time) (done Pruned, err error) {
	defer func() {
		if err == nil {
			err = j.db.EmptyLog(ctx)
		}
	}()
	oldCalls := `SELECT call FROM calls WHERE ` + over + ` LIMIT ?2`
	done.Calls, err = j.pruneAll(ctx, before, pruneCalls, oldCalls, func(calls []string) error {
		events, err := j.removeCalls(ctx, calls)
		done.Events += events
		return err
	})
	if err != nil {
		return done, err
	}
	strayEvents := every + ` SELECT e.id` + stray + ` LIMIT ?2`
	_, err = j.pruneAll(ctx, before, pruneStray, strayEvents, func(ids []string) error {
		events, err := j.removeEvents(ctx, ids)
		done.Events += events
		return err
	})
	return done, err
}

// Prunable counts what Prune would remove.
func (j *Reader) Prunable(ctx context.Context, before time.Time) (found Pruned, err error) {
	err = j.db.Read.QueryRowContext(ctx, every+` SELECT count(*),
		coalesce(sum((SELECT count(*) FROM events e WHERE e.call = c.call)), 0) + (SELECT count(*)`+stray+`)
		FROM calls c WHERE `+over, before.UnixMilli()).Scan(&found.Calls, &found.Events)
	if err != nil {
		return Pruned{}, fmt.Errorf("look for old calls in the journal: %w", err)
	}
	return found, nil
}

// pruneAll calls remove with the results of a query, at most so many at once, until there are none, and returns how
// many there were.
func (j *Journal) pruneAll(ctx context.Context, before time.Time, most int, query string,
	remove func(found []string) error) (removed int, err error) {
	for {
		found, err := sqlite.Collect(ctx, j.db, sqlite.ScanString, query, before.UnixMilli(), most)
		if err != nil || len(found) == 0 {
			return removed, err
		}
		waiting, oldest, err := j.Backlog(ctx)
		if err != nil {
			return removed, err
		}
		if waiting > pruneBacklog || waiting > 0 && oldest.Before(before) {
			return removed, &BacklogError{Events: waiting}
		}
		if err := remove(found); err != nil {
			return removed, fmt.Errorf("remove old calls from the journal: %w", err)
		}
		removed += len(found)
		if len(found) < most {
			return removed, nil
		}
		if err := retry.Pause(ctx, pruneRest); err != nil {
			return removed, err
		}
	}
}

func (j *Journal) removeEvents(ctx context.Context, ids []string) (events int, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return 0, err
	}
	err = j.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		events, err = sqlite.Exec(ctx, tx, `DELETE FROM events WHERE id IN (SELECT value FROM json_each(?))`, string(list))
		return err
	})
	return events, err
}

func (j *Journal) removeCalls(ctx context.Context, calls []string) (events int, err error) {
	err = j.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, call := range calls {
			n, err := sqlite.Exec(ctx, tx, `DELETE FROM events WHERE call = ?`, call)
			if err != nil {
				return err
			}
			events += n
			if _, err := tx.ExecContext(ctx, `DELETE FROM calls WHERE call = ?`, call); err != nil {
				return err
			}
		}
		return nil
	})
	return events, err
}
