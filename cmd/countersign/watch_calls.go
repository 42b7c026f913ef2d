package main

import (
	"cmp"

	"countersign/session/event"

	"github.com/urfave/cli/v2"
)

// callPicker passes the events of calls with the wanted caller and status; nil passes all. Events of a call from before
// that is known are kept, and passed then.
type callPicker struct {
	caller string
	status event.Status
	calls  map[string]*pickedCall
	order  []string // of calls, oldest first
}

type pickedCall struct {
	event.Call
	before []event.Event
	// caller and status: whether each is known to be the wanted one.
	caller, status bool
}

// mostPicked bounds how many calls are followed at a time. The oldest are dropped first: NATS may never have their end.
const mostPicked = 20_000

// watchedCalls reads --caller and --status.
func watchedCalls(c *cli.Context) (*callPicker, error) {
	caller, status := c.String("caller"), c.String("status")
	if caller == "" && status == "" {
		return nil, nil
	}
	return newCallPicker(caller, event.Status(status)), cmp.Or(checkCaller(caller), checkStatus(status))
}

func newCallPicker(caller string, status event.Status) *callPicker {
	return &callPicker{caller: caller, status: status, calls: map[string]*pickedCall{}}
}

// pick returns the events to show now.
func (p *callPicker) pick(e event.Event) []event.Event {
	if p == nil {
		return []event.Event{e}
	}
	key := e.Replay + "/" + e.Call
	c := p.calls[key]
	if c == nil && e.Fact().AboutAgents() {
		return nil // of a call that is not wanted, or began before
	}
	if c == nil {
		if c = p.begin(key, e); c == nil {
			return nil
		}
	}
	c.Add(e)
	over := e.Fact() == event.FactCallEnded
	if over || c.Verdict != "" || c.Outcome != "" { // before, the status may still change
		c.status = p.status == "" || c.Status == p.status
	}
	c.before = append(c.before, e)
	if over && !(c.caller && c.status) {
		delete(p.calls, key) // of the others, what agents do with them may follow
	}
	if !c.caller || !c.status {
		return nil
	}
	picked := c.before
	c.before = nil
	return picked
}

// begin follows a call, unless its caller is unknown or another one, or it is not a call.
func (p *callPicker) begin(key string, e event.Event) *pickedCall {
	c := &pickedCall{caller: p.caller == "", status: p.status == ""}
	if !e.OfCall() {
		return nil
	}
	if d, ok := e.Data.(event.CallStarted); ok {
		c.caller = c.caller || d.CallerLast4 == p.caller
	}
	if !c.caller {
		return nil
	}
	p.calls[key] = c
	p.order = append(p.order, key)
	for len(p.order) > mostPicked {
		delete(p.calls, p.order[0])
		p.order = p.order[1:]
	}
	return c
}
