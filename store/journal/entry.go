package journal

import (
	"context"
	"database/sql"
	"errors"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// entry is an event, ready to be written.
type entry struct {
	id, call, line, fact string
	seq, lineVersion     int
	time                 int64  // milliseconds
	body                 string // as it is published
	// changes says whether the event changes the row of its call, and change how.
	changes bool
	change  callChange
}

// callChange is what an event says about its call as a whole; what is not valid leaves what is there.
type callChange struct {
	ended, level                                        sql.NullInt64
	end, status, reason, customer, outcome, destination sql.NullString
	unrouted                                            bool
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
		id: e.ID, call: e.Call, line: e.Line, fact: string(e.Fact()), seq: e.Seq, lineVersion: e.LineVersion, time: e.Time.UnixMilli(), body: string(body),
	}
	n.change, n.changes = changeOf(e)
	return n, nil
}

func changeOf(e event.Event) (c callChange, changes bool) {
	switch d := e.Data.(type) {
	case event.CallStarted:
	case event.Identified:
		c.verdict(d.Status, d.Level, "", d.Customer)
	case event.Verified:
		c.verdict(d.Status, d.Level, event.ReasonOK, d.Customer)
	case event.Failed:
		c.verdict(d.Status, d.Level, d.Reason, d.Customer)
	case event.Routed:
		c.verdict(d.Status, d.Level, d.Reason, "")
		c.outcome, c.destination = sqlite.Text(d.Outcome), sqlite.Text(d.Destination)
	case event.CallEnded:
		c.verdict(d.Status, d.Level, d.Reason, d.Customer)
		c.end, c.ended = sqlite.Text(string(d.End)), sql.NullInt64{Int64: e.Time.UnixMilli(), Valid: true}
		c.unrouted = d.End != event.EndRouted // where it was to go, it did not go
	default:
		return c, false
	}
	return c, true
}

func (c *callChange) verdict(s event.Status, level int, r event.Reason, customer string) {
	c.status, c.level, c.reason, c.customer = sqlite.Text(string(s)), sql.NullInt64{Int64: int64(level), Valid: true}, sqlite.Text(string(r)), sqlite.Text(customer)
}

// insert writes the event, its place in the outbox and what it changes about its call, unless the event is there already.
func (e entry) insert(ctx context.Context, tx *sql.Tx) error {
	if added, err := e.keep(ctx, tx); !added || err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO outbox (event) VALUES (?)`, e.id)
	return err
}

// keep writes the event and what it changes about its call. added is false if the event is there already.
func (e entry) keep(ctx context.Context, tx *sql.Tx) (added bool, err error) {
	done, err := tx.ExecContext(ctx, `INSERT INTO events (id, call, seq, time, fact, line, json) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`, e.id, e.call, e.seq, e.time, e.fact, e.line, e.body)
	if err != nil {
		return false, err
	}
	if n, err := done.RowsAffected(); n == 0 || err != nil {
		return false, err
	}
	if !e.changes {
		return true, nil
	}
	c := e.change
	_, err = tx.ExecContext(ctx, `INSERT INTO calls AS c (call, line, lineversion, started, ended, "end", status, level, reason, customer, outcome, destination)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET ended = coalesce(excluded.ended, c.ended), "end" = coalesce(excluded."end", c."end"),
			status = coalesce(excluded.status, c.status), level = coalesce(excluded.level, c.level), reason = coalesce(excluded.reason, c.reason),
			customer = coalesce(excluded.customer, c.customer),
			outcome = iif(?, NULL, coalesce(excluded.outcome, c.outcome)), destination = iif(?, NULL, coalesce(excluded.destination, c.destination))`,
		e.call, e.line, e.lineVersion, e.time, c.ended, c.end, c.status, c.level, c.reason, c.customer, c.outcome, c.destination, c.unrouted, c.unrouted)
	return true, err
}
