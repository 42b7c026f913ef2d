package session

import (
	"context"

	"countersign/session/event"
)

// Journal keeps the events of calls.
type Journal interface {
	// Append takes events in order. It never waits for a disk. An error means that they are lost: the journal is full or
	// closed.
	Append(events ...event.Event) error
	// Sync returns when all events appended before are durable, or with the context's error.
	Sync(ctx context.Context) error
}

// recorder numbers and stamps the events of one call.
type recorder struct {
	s   *Session
	run *Runner
	seq int
}

func (r *recorder) record(data event.Data) {
	r.seq++
	e := event.Event{
		ID: event.ID(r.s.call.ID, r.seq), Source: r.run.source, Time: r.run.now(), Call: r.s.call.ID, Seq: r.seq,
		Line: r.s.line.Name, LineVersion: r.s.line.Version, Data: data,
	}
	if err := r.run.journal.Append(e); err != nil {
		r.run.log.Error("event lost", "call", r.s.call.ID, "event", string(e.Fact()), "seq", r.seq, "err", err)
	}
}
