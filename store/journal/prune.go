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

// How Prune keeps out of the way of calls: so many calls in a transaction, and so long a rest between two.
const (
	pruneCalls = 100
	pruneStray = 1000 // events
	pruneRest  = 50 * time.Millisecond
	// pruneBacklog is the most events that may wait to be published: each event that is removed is looked for among them.
	pruneBacklog = 1000
)

// Pruned counts what Prune removed, or would remove.
type Pruned struct {
	Calls  int `json:"calls"`
	Events int `json:"events"`
}

// BacklogError says that nothing was removed because events have not been published yet. Later will do.
type BacklogError struct{ Events int }

func (e *BacklogError) Error() string {
	return fmt.Sprintf("%d events wait to be published: nothing is removed from the journal until NATS has them", e.Events)
}

// stray are the events from before a time of whose calls there is nothing else, which an import of a part of a call leaves. every goes from call to call in the index.
const (
	every = `WITH RECURSIVE every (call) AS (SELECT min(call) FROM events UNION ALL SELECT (SELECT min(call) FROM events WHERE call > every.call) FROM every WHERE call IS NOT NULL)`
	stray = ` FROM every v JOIN events e ON e.call = v.call WHERE v.call NOT IN (SELECT call FROM calls) AND e.time < ?1`
)

// over are the calls that ended before a time, and those that began before it and never ended: EndInterrupted ends what a crash left.
const over = `coalesce(ended, started) < ?1`

// Prune removes the calls that were over before a time, their events, and events from before it that are of no call, a few at a time, and empties the write-ahead log, which may hold them too. With dryRun it only
// counts. A *BacklogError says that it must wait. When ctx ends, what it removed so far is removed.
func (j *Journal) Prune(ctx context.Context, before time.Time, dryRun bool) (done Pruned, err error) {
	if dryRun {
		err := j.db.Read.QueryRowContext(ctx, every+` SELECT count(*), coalesce(sum((SELECT count(*) FROM events e WHERE e.call = c.call)), 0) + (SELECT count(*)`+stray+`)
			FROM calls c WHERE `+over, before.UnixMilli()).Scan(&done.Calls, &done.Events)
		if err != nil {
			return Pruned{}, fmt.Errorf("look for old calls in the journal: %w", err)
		}
		return done, nil
	}
	defer func() {
		if err == nil {
			err = j.db.EmptyLog(ctx)
		}
	}()
	done.Calls, err = j.pruneAll(ctx, before, pruneCalls, `SELECT call FROM calls WHERE `+over+` LIMIT ?2`, func(calls []string) error {
		events, err := j.remove(ctx, calls)
		done.Events += events
		return err
	})
	if err != nil {
		return done, err
	}
	_, err = j.pruneAll(ctx, before, pruneStray, every+` SELECT e.id`+stray+` LIMIT ?2`, func(ids []string) error {
		events, err := j.removeEvents(ctx, ids)
		done.Events += events
		return err
	})
	return done, err
}

// pruneAll calls remove with what a query finds, at most so many at once, until it finds no more, and says how many were removed.
func (j *Journal) pruneAll(ctx context.Context, before time.Time, most int, query string, remove func(found []string) error) (removed int, err error) {
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

func (j *Journal) remove(ctx context.Context, calls []string) (events int, err error) {
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
