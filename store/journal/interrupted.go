package journal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"countersign/session/event"
	"countersign/store/sqlite"
)

// EndInterrupted appends a call_ended event to every call without one, whose process ended first, and returns how
// many there were. Call it at start, before new calls: it takes every running call for interrupted. The event has the
// status that the call had reached.
func (j *Journal) EndInterrupted(ctx context.Context, source string, now time.Time) (int, error) {
	seen, err := sqlite.Collect(ctx, j.db, scanSeen, `SELECT e.call, e.line, e.seq, e.time, e.json
		FROM calls c JOIN events e ON e.call = c.call WHERE c.ended IS NULL ORDER BY e.call, e.seq`)
	if err != nil {
		return 0, fmt.Errorf("look for interrupted calls: %w", err)
	}
	calls := 0
	for len(seen) > 0 {
		n := slices.IndexFunc(seen, func(s seenEvent) bool { return s.call != seen[0].call })
		if n < 0 {
			n = len(seen)
		}
		if err := j.Append(interrupted(seen[:n], source, now)); err != nil {
			return 0, fmt.Errorf("end interrupted calls: %w", err)
		}
		calls, seen = calls+1, seen[n:]
	}
	return calls, j.Sync(ctx)
}

// seenEvent is an event of an interrupted call; known is false if it cannot be read: a newer version wrote it, or it is
// damaged. That keeps no service from starting.
type seenEvent struct {
	call string
	line string
	seq  int
	time int64
	event.Event
	known bool
}

func scanSeen(r sqlite.Row) (s seenEvent, err error) {
	var body []byte
	if err := r.Scan(&s.call, &s.line, &s.seq, &s.time, &body); err != nil {
		return s, err
	}
	s.known = s.Event.UnmarshalJSON(body) == nil
	return s, nil
}

// interrupted makes the call_ended event of an interrupted call from its earlier events.
func interrupted(seen []seenEvent, source string, now time.Time) event.Event {
	var c event.Call
	for _, s := range seen {
		if s.known {
			c.Add(s.Event)
		}
	}
	first, last := seen[0], seen[len(seen)-1]
	d := event.CallEnded{
		End: event.EndInterrupted, Status: event.StatusNone, Reason: event.ReasonUnavailable,
		Milliseconds: max(0, last.time-first.time), // up to its last event
	}
	if c.Status != "" {
		d.Status, d.Level, d.Customer = c.Status, c.Level, c.Customer
	}
	if c.Outcome != "" { // it was handed on already: only this event is missing
		d.End, d.Reason = event.EndRouted, c.Reason
	}
	seq := last.seq + 1
	return event.Event{
		ID: event.ID(first.call, seq), Source: source, Time: now, Call: first.call, Seq: seq,
		Line: first.line, LineVersion: c.LineVersion, Data: d,
	}
}
