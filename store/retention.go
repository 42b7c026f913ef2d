package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// How Prune keeps out of the way of calls: so many calls in a transaction, and so long a rest between two.
const (
	pruneCalls = 100
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

// over are the calls that ended before a time, and those that began before it and never ended: EndInterrupted ends what a crash left.
const over = `coalesce(ended, started) < ?1`

// Prune removes the calls that were over before a time, and their events, a few at a time. With dryRun it only counts. A *BacklogError says that it must wait.
// When ctx ends, what it removed so far is removed.
func (j *Journal) Prune(ctx context.Context, before time.Time, dryRun bool) (done Pruned, err error) {
	if dryRun {
		err := j.db.read.QueryRowContext(ctx, `SELECT count(*), coalesce(sum((SELECT count(*) FROM events e WHERE e.call = c.call)), 0) FROM calls c WHERE `+over,
			before.UnixMilli()).Scan(&done.Calls, &done.Events)
		if err != nil {
			return Pruned{}, fmt.Errorf("look for old calls in the journal: %w", err)
		}
		return done, nil
	}
	for {
		calls, err := collect(ctx, j.db, scanString, `SELECT call FROM calls WHERE `+over+` LIMIT ?2`, before.UnixMilli(), pruneCalls)
		if err != nil || len(calls) == 0 {
			return done, err
		}
		waiting, oldest, err := j.Backlog(ctx)
		if err != nil {
			return done, err
		}
		if waiting > pruneBacklog || waiting > 0 && oldest.Before(before) {
			return done, &BacklogError{Events: waiting}
		}
		events, err := j.remove(ctx, calls)
		if err != nil {
			return done, fmt.Errorf("remove old calls from the journal: %w", err)
		}
		done.Calls += len(calls)
		done.Events += events
		if len(calls) < pruneCalls {
			return done, nil
		}
		if err := pause(ctx, pruneRest); err != nil {
			return done, err
		}
	}
}

func (j *Journal) remove(ctx context.Context, calls []string) (events int, err error) {
	err = j.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, call := range calls {
			done, err := tx.ExecContext(ctx, `DELETE FROM events WHERE call = ?`, call)
			if err != nil {
				return err
			}
			n, err := done.RowsAffected()
			if err != nil {
				return err
			}
			events += int(n)
			if _, err := tx.ExecContext(ctx, `DELETE FROM calls WHERE call = ?`, call); err != nil {
				return err
			}
		}
		return nil
	})
	return events, err
}
