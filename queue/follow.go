package queue

import (
	"time"

	"countersign/session"
	"countersign/session/event"
)

// followed is a session.Journal whose calls the Tracker follows.
type followed struct {
	session.Journal
	tracker *Tracker
}

// Follow returns a journal for calls: what they append goes to j, and once they are handed on, the Tracker follows them.
func (t *Tracker) Follow(j session.Journal) session.Journal { return followed{j, t} }

// Append implements session.Journal.
func (f followed) Append(events ...event.Event) error {
	if err := f.Journal.Append(events...); err != nil {
		return err
	}
	for _, e := range events {
		f.tracker.Note(e)
	}
	return nil
}

// Note takes an event of a call that has been journalled. Those of a call come in order.
func (t *Tracker) Note(e event.Event) {
	switch e.Data.(type) {
	case event.CallStarted, event.Routed, event.CallEnded:
	default:
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch d := e.Data.(type) {
	case event.CallStarted:
		t.begin(e, d)
	case event.Routed:
		t.waitsSince(e)
	case event.CallEnded:
		t.handedOn(e, d)
	}
}

// begin gets ready to follow a call. One that comes back is followed already, by whoever had it first.
func (t *Tracker) begin(e event.Event, d event.CallStarted) {
	if d.Continues != "" {
		if t.byID[d.Continues] != nil {
			t.visits[e.Call] = d.Continues
		}
		return
	}
	if c := t.calls[d.Channel]; c != nil { // it came back while NATS was away, which knows who it was
		t.visits[e.Call] = c.id
		return
	}
	c := &call{id: e.Call, channel: d.Channel, since: e.Time, touched: e.Time, missing: map[string]bool{}}
	t.calls[d.Channel], t.byID[e.Call] = c, c
}

// waitsSince: the caller is sent to somebody, and waits from now on.
func (t *Tracker) waitsSince(e event.Event) {
	id := e.Call
	if first, back := t.visits[id]; back {
		id = first
	}
	if c := t.byID[id]; c != nil && c.talk == nil {
		c.since = e.Time
	}
}

// handedOn: our part of a call is over. Unless the caller hung up, the call goes on without us, and is followed.
func (t *Tracker) handedOn(e event.Event, d event.CallEnded) {
	if _, back := t.visits[e.Call]; back {
		delete(t.visits, e.Call)
		return
	}
	c := t.byID[e.Call]
	if c == nil {
		return
	}
	if d.End == event.EndAbandoned {
		t.forget(c)
		return
	}
	c.line, c.lineVersion, c.seq, c.handedOn = e.Line, e.LineVersion, e.Seq, true
	c.touched = e.Time
	t.flush(c)
}

// Restore follows calls again that this machine had before its process ended, by their events in the journal, each
// call's in order. Those that are over for certain are left out; the next surveys show which of the others are.
func (t *Tracker) Restore(events []event.Event, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(events) > 0 {
		n := 1
		for n < len(events) && events[n].Call == events[0].Call {
			n++
		}
		t.restore(events[:n], now)
		events = events[n:]
	}
}

func (t *Tracker) restore(events []event.Event, now time.Time) {
	told := event.FoldCall(events)
	if !told.Begun || told.Start.Continues != "" || told.End == "" || told.End == event.EndAbandoned ||
		now.Sub(told.Ended) > longest || t.byID[told.ID] != nil {
		return
	}
	c := &call{
		id: told.ID, line: told.Line, lineVersion: told.LineVersion, channel: told.Start.Channel, handedOn: true,
		seq: events[len(events)-1].Seq, since: told.Ended, touched: told.Ended, missing: map[string]bool{},
	}
	for _, a := range told.Agents {
		c.restoreAgent(a)
	}
	if n := len(told.Agents); n > 0 && told.Agents[n-1].Done != "" && over(told.Agents[n-1].Done) {
		return
	}
	t.calls[c.channel], t.byID[c.id] = c, c
	if c.talk != nil {
		t.legs[c.talk.leg] = leg{call: c}
	}
}

// over says that the caller is gone after such an end.
func over(end event.AgentEnd) bool {
	return end == event.AgentEndCaller || end == event.AgentEndAbandoned
}

func (c *call) restoreAgent(a event.CallAgent) {
	if a.Agent != "" {
		c.offered++
	}
	switch {
	case !a.Open():
		if a.Done != "" {
			c.since, c.waits = a.Ended, false
		}
	case !a.Connected.IsZero():
		c.talk = &talk{
			agent: a.Agent, queue: a.Queue, via: a.Via, leg: a.Channel, began: a.Connected,
			waited: time.Duration(a.WaitedMilliseconds) * time.Millisecond,
		}
		c.waits = false
	default:
		c.offers = append(c.offers, &offer{agent: a.Agent, queue: a.Queue, via: a.Via, began: a.Offered, named: true})
	}
	if a.Missed != "" || a.Open() && a.Connected.IsZero() {
		c.waits = true
	}
}
