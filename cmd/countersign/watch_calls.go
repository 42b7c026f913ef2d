package main

import (
	"cmp"

	"countersign/session/event"

	"github.com/urfave/cli/v2"
)

// callPicker lets the events of some calls through: of those whose caller and status are wanted. nil lets all through. What a call did before it was known
// to be wanted is kept, and comes then.
type callPicker struct {
	caller string
	status event.Status
	calls  map[string]*pickedCall
	order  []string // of calls, for when there are too many
}

type pickedCall struct {
	event.Call
	before []event.Event
	// caller and status say that it is known, and wanted.
	caller, status bool
}

// mostPicked bounds how many calls are followed at a time. The oldest are given up first: NATS may never tell of their end.
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

// pick says which events are to be shown now.
func (p *callPicker) pick(e event.Event) []event.Event {
	if p == nil {
		return []event.Event{e}
	}
	key := e.Replay + "/" + e.Call
	c := p.calls[key]
	if c == nil {
		if c = p.begin(key, e); c == nil {
			return nil
		}
	}
	c.Add(e)
	over := e.Fact() == event.FactCallEnded
	if over {
		delete(p.calls, key)
	}
	if over || c.Verdict != "" || c.Outcome != "" { // before, the status is not the one that the call goes on with
		c.status = p.status == "" || c.Status == p.status
	}
	c.before = append(c.before, e)
	if !c.caller || !c.status {
		return nil
	}
	picked := c.before
	c.before = nil
	return picked
}

// begin follows a call, unless its caller is another one, or not known, or it is no call.
func (p *callPicker) begin(key string, e event.Event) *pickedCall {
	c := &pickedCall{caller: p.caller == "", status: p.status == ""}
	switch d := e.Data.(type) {
	case event.ConfigChanged, event.Alarm:
		return nil
	case event.CallStarted:
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
