package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"countersign/internal/retry"
	"countersign/session/event"
	"countersign/store/sqlite"
)

// eraseImported removes an erased customer from the call of an event that was just imported, in whatever order the
// events of the call come.
func eraseImported(ctx context.Context, tx *sql.Tx, erasures event.Erased, n entry, calls map[string]bool) error {
	customer, erased := erasures.In([]byte(n.body), time.UnixMilli(n.time))
	if !erased && n.fact == string(event.FactCallStarted) {
		customer = event.ErasedCustomer
		err := tx.QueryRowContext(ctx, `SELECT true FROM events WHERE call = ? AND json ->> '$.data.customer' = ? LIMIT 1`,
			n.call, customer).Scan(&erased)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	if !erased {
		return nil
	}
	calls[n.call] = true
	return eraseCall(ctx, tx, n.call, customer, &ErasedCalls{})
}

// ErasedCalls is what Erase found in the journal.
type ErasedCalls struct {
	// Calls are the calls on which the customer was named; Events is how many of their events were changed.
	Calls  []string
	Events int
	// Running is how many of the calls are still running: their next events may name the customer again.
	Running int
	// Unpublished is the N of the last such event in the outbox, 0 if all are published.
	Unpublished int64
}

// eraseCalls is how many calls one transaction changes.
const eraseCalls = 50

// Erase removes a customer from the journal: id, name, address of the screen pop, and the caller's last four digits.
// The calls themselves and everything that is counted stay, also in the outbox.
func (j *Journal) Erase(ctx context.Context, customer string) (found ErasedCalls, err error) {
	found.Calls, err = sqlite.Collect(ctx, j.db, sqlite.ScanString, `SELECT call FROM calls WHERE customer = ?1
		UNION SELECT call FROM events WHERE json ->> '$.data.customer' = ?1`, customer)
	if err != nil {
		return found, err
	}
	for from := 0; from < len(found.Calls); from += eraseCalls {
		calls := found.Calls[from:min(len(found.Calls), from+eraseCalls)]
		err := j.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, call := range calls {
				if err := eraseCall(ctx, tx, call, customer, &found); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return found, fmt.Errorf("erase from %s: %w", filepath.Base(j.db.Path), err)
		}
	}
	return found, nil
}

func eraseCall(ctx context.Context, tx *sql.Tx, call, customer string, found *ErasedCalls) error {
	// A call may name several customers: only the names beside this id go.
	n, err := sqlite.Exec(ctx, tx, `UPDATE events
		SET json = json_remove(json_replace(json, '$.data.customer', ?3), '$.data.name', '$.data.pop_url', '$.data.proof')
		WHERE call = ?1 AND json ->> '$.data.customer' = ?2`, call, customer, event.ErasedCustomer)
	if err != nil {
		return err
	}
	found.Events += n
	n, err = sqlite.Exec(ctx, tx, `UPDATE events SET json = json_remove(json, '$.data.caller_last4', '$.data.number')
		WHERE call = ? AND fact IN (?, ?)
		AND coalesce(json ->> '$.data.caller_last4', json ->> '$.data.number') IS NOT NULL`,
		call, string(event.FactCallStarted), string(event.FactStepFinished))
	if err != nil {
		return err
	}
	found.Events += n
	_, err = tx.ExecContext(ctx, `UPDATE calls SET customer = ? WHERE call = ? AND customer = ?`,
		event.ErasedCustomer, call, customer)
	if err != nil {
		return err
	}
	var running bool
	err = tx.QueryRowContext(ctx, `SELECT ended IS NULL FROM calls WHERE call = ?`, call).Scan(&running)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if running {
		found.Running++
	}
	var last sql.NullInt64
	err = tx.QueryRowContext(ctx, `SELECT max(o.n) FROM outbox o JOIN events e ON e.id = o.event WHERE e.call = ?`, call).
		Scan(&last)
	if err != nil {
		return err
	}
	found.Unpublished = max(found.Unpublished, last.Int64)
	return nil
}

// AwaitPublished returns when the outbox holds no N <= upTo any more, or with ctx's error.
func (j *Reader) AwaitPublished(ctx context.Context, upTo int64) error {
	for {
		var first sql.NullInt64
		if err := j.db.Read.QueryRowContext(ctx, `SELECT min(n) FROM outbox`).Scan(&first); err != nil {
			return fmt.Errorf("read outbox: %w", err)
		}
		if !first.Valid || first.Int64 > upTo {
			return nil
		}
		if err := retry.Pause(ctx, outboxPoll); err != nil {
			return err
		}
	}
}

const outboxPoll = 20 * time.Millisecond
