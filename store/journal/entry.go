package journal

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// entry is an event, ready to be written.
type entry struct {
	id, call, line, fact string
	seq                  int
	time                 int64  // milliseconds
	body                 string // the JSON that is published
	// changesCall says that the event creates or changes the row of its call; customer and ended are the new values.
	changesCall bool
	customer    sql.NullString
	ended       sql.NullInt64

	accepted time.Time // when Append took it
}

func newEntry(e event.Event) (entry, error) {
	if e.Data == nil {
		return entry{}, errors.New("it has no data")
	}
	body, err := e.MarshalJSON()
	if err != nil {
		return entry{}, err
	}
	n := entry{
		id: e.ID, call: e.Call, line: e.Line, fact: string(e.Fact()), seq: e.Seq, time: e.Time.UnixMilli(),
		body: string(body),
	}
	switch d := e.Data.(type) {
	case event.CallStarted, event.Routed:
		n.changesCall = true
	case event.Identified:
		n.changesCall, n.customer = true, sqlite.Text(d.Customer)
	case event.Verified:
		n.changesCall, n.customer = true, sqlite.Text(d.Customer)
	case event.Failed:
		n.changesCall, n.customer = true, sqlite.Text(d.Customer)
	case event.CallEnded:
		n.changesCall, n.customer = true, sqlite.Text(d.Customer)
		n.ended = sql.NullInt64{Int64: n.time, Valid: true}
	}
	return n, nil
}

// insert writes the event, its row in the outbox and its changes to the call. A known event is ignored.
func (e entry) insert(ctx context.Context, tx *sql.Tx) error {
	if added, err := e.keep(ctx, tx); !added || err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO outbox (event) VALUES (?)`, e.id)
	return err
}

// keep writes the event and its changes to the call. added is false if the event is known.
func (e entry) keep(ctx context.Context, tx *sql.Tx) (added bool, err error) {
	done, err := tx.ExecContext(ctx, `INSERT INTO events (id, call, seq, time, fact, line, json)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, e.id, e.call, e.seq, e.time, e.fact, e.line, e.body)
	if err != nil {
		return false, err
	}
	if n, err := done.RowsAffected(); n == 0 || err != nil {
		return false, err
	}
	if !e.changesCall {
		return true, nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO calls AS c (call, started, ended, customer) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET
		ended = coalesce(excluded.ended, c.ended), customer = coalesce(excluded.customer, c.customer)`,
		e.call, e.time, e.ended, e.customer)
	return true, err
}
