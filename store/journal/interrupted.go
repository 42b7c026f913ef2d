package journal

import (
	"cmp"
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
	seen, err := j.running(ctx)
	if err != nil {
		return 0, fmt.Errorf("look for interrupted calls: %w", err)
	}
	calls := 0
	for len(seen) > 0 {
		n := slices.IndexFunc(seen, func(s seenEvent) bool { return s.call != seen[0].call })
		if n < 0 {
			n = len(seen)
		}
		if !slices.ContainsFunc(seen[:n], seenEvent.ends) {
			if err := j.Append(interrupted(seen[:n], source, now)); err != nil {
				return 0, fmt.Errorf("end interrupted calls: %w", err)
			}
			calls++
		}
		seen = seen[n:]
	}
	return calls, j.Sync(ctx)
}

// running returns the events of calls that may be running, each call's in order: those of the journal, and those of the
// spill that are still to be written to it.
func (j *Journal) running(ctx context.Context) ([]seenEvent, error) {
	waiting := j.queue.snapshot() // first: they may be in the journal a moment later
	seen, err := sqlite.Collect(ctx, j.db, scanSeen, `SELECT e.call, e.line, e.seq, e.time, e.json
		FROM calls c JOIN events e ON e.call = c.call WHERE c.ended IS NULL`)
	if err != nil {
		return nil, err
	}
	for _, e := range waiting {
		s := seenEvent{call: e.call, line: e.line, seq: e.seq, time: e.time}
		s.known = s.UnmarshalJSON([]byte(e.body)) == nil
		seen = append(seen, s)
	}
	slices.SortFunc(seen, func(a, b seenEvent) int {
		return cmp.Or(cmp.Compare(a.call, b.call), cmp.Compare(a.seq, b.seq))
	})
	return slices.CompactFunc(seen, func(a, b seenEvent) bool { return a.call == b.call && a.seq == b.seq }), nil
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

// ends says that the call is over.
func (s seenEvent) ends() bool { return s.known && s.Fact() == event.FactCallEnded }

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
