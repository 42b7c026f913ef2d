package journal

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// EndInterrupted appends the last event of calls that have none, because the process that ran them ended first, and says how many there were. It is for the
// start, before there are new calls: whatever runs then is taken for interrupted. What was known of such a call is in its event.
func (j *Journal) EndInterrupted(ctx context.Context, source string, now time.Time) (int, error) {
	calls, err := sqlite.Collect(ctx, j.db, func(r sqlite.Row) (event.Event, error) { return scanInterrupted(r, source, now) }, `
		SELECT c.call, c.line, c.lineversion, c.started, c.status, c.level, c.reason, c.customer, c.outcome, max(e.seq), max(e.time)
		FROM calls c JOIN events e ON e.call = c.call WHERE c.ended IS NULL GROUP BY c.call ORDER BY c.call`)
	if err != nil {
		return 0, fmt.Errorf("look for interrupted calls: %w", err)
	}
	for _, e := range calls {
		if err := j.Append(e); err != nil {
			return 0, fmt.Errorf("end interrupted calls: %w", err)
		}
	}
	return len(calls), j.Sync(ctx)
}

func scanInterrupted(r sqlite.Row, source string, now time.Time) (event.Event, error) {
	e := event.Event{Source: source, Time: now}
	d := event.CallEnded{End: event.EndInterrupted, Status: event.StatusNone, Reason: event.ReasonUnavailable}
	var started, lastSeen int64
	var status, reason, customer, outcome sql.NullString
	var level sql.NullInt64
	if err := r.Scan(&e.Call, &e.Line, &e.LineVersion, &started, &status, &level, &reason, &customer, &outcome, &e.Seq, &lastSeen); err != nil {
		return event.Event{}, err
	}
	if status.Valid {
		d.Status, d.Level, d.Customer = event.Status(status.String), int(level.Int64), customer.String
	}
	if outcome.Valid { // it had been handed on: only this event was missing
		d.End, d.Reason = event.EndRouted, event.Reason(reason.String)
	}
	d.Milliseconds = max(0, lastSeen-started) // nobody knows better
	e.Seq++
	e.ID, e.Data = event.ID(e.Call, e.Seq), d
	return e, nil
}
