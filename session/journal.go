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
	// Sync returns nil when all events appended before survive a crash of this process. An error says that they may not,
	// at the latest when ctx ends.
	Sync(ctx context.Context) error
}

// recorder numbers and stamps the events of one call.
type recorder struct {
	s     *Session
	run   *Runner
	seq   int
	story story
	// lost is why the journal refused an event; nil if it has all.
	lost error
}

func (r *recorder) record(data event.Data) {
	r.seq++
	r.story.note(data)
	e := event.Event{
		ID: event.ID(r.s.call.ID, r.seq), Source: r.run.source, Time: r.run.now(), Call: r.s.call.ID, Seq: r.seq,
		Line: r.s.line.Name, LineVersion: r.s.line.Version, Test: r.run.test, Data: data,
	}
	if r.run.prove != nil {
		e.Data = r.run.proven(e)
	}
	if err := r.run.journal.Append(e); err != nil {
		r.lost = err
		r.run.log.Error("event lost", "call", r.s.call.ID, "event", string(e.Fact()), "seq", r.seq, "err", err)
	}
}

// proven is the data of an event with its proof, if it is one of those that say who the caller is. Without a proof the
// event is still an event.
func (r *Runner) proven(e event.Event) event.Data {
	var proof string
	switch e.Data.(type) {
	case event.Identified, event.Verified, event.Failed:
		var err error
		if proof, err = r.prove(e); err != nil {
			r.log.Error("status not signed", "call", e.Call, "err", err)
		}
	}
	switch d := e.Data.(type) {
	case event.Identified:
		d.Proof = proof
		return d
	case event.Verified:
		d.Proof = proof
		return d
	case event.Failed:
		d.Proof = proof
		return d
	}
	return e.Data
}
