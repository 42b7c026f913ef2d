package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// Pending reads up to limit entries of the outbox with N > after, in the order in which they must be published.
func (j *Reader) Pending(ctx context.Context, after int64, limit int) ([]event.Outgoing, error) {
	return sqlite.Collect(ctx, j.db, scanOutbox, `SELECT o.n, e.id, e.line, e.fact, e.time, e.json
		FROM outbox o JOIN events e ON e.id = o.event WHERE o.n > ? ORDER BY o.n LIMIT ?`, after, limit)
}

func scanOutbox(r sqlite.Row) (o event.Outgoing, err error) {
	var line, fact string
	var at int64
	err = r.Scan(&o.N, &o.ID, &line, &fact, &at, &o.Body)
	o.Subject, o.Time = event.Subject(line, event.Fact(fact)), time.UnixMilli(at).UTC()
	return o, err
}

// Published removes all entries of the outbox with N <= upTo: NATS has acknowledged them.
func (j *Journal) Published(ctx context.Context, upTo int64) error {
	err := j.db.InTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE n <= ?`, upTo)
		return err
	})
	if err != nil {
		return fmt.Errorf("clear outbox: %w", err)
	}
	return nil
}

// Backlog returns how many events wait to be published and the time of the oldest; the zero time if there is none.
func (j *Reader) Backlog(ctx context.Context) (count int, oldest time.Time, err error) {
	var at int64
	err = j.db.Read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM outbox), e.time
		FROM outbox o JOIN events e ON e.id = o.event ORDER BY o.n LIMIT 1`).Scan(&count, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("read outbox: %w", err)
	}
	return count, time.UnixMilli(at).UTC(), nil
}
