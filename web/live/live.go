// Package live knows which calls run now, and which ran lately: it folds the events of NATS, and tells those who watch
// that something changed. It answers "what is going on?". It keeps nothing over a restart: it reads the last hours again.
package live

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"countersign/bus"
	"countersign/session/event"
)

// Call is what is known about a call.
type Call struct {
	event.Call
	// Name is the customer's, PopURL the page of the customer; both may be empty.
	Name, PopURL string
	// Updated is the time of the last event, Revision counts the events.
	Updated  time.Time
	Revision int
	// Proof is the id of the call that asks for more proof now, or "".
	Proof string
}

// Step is the step that runs now, or "".
func (c Call) Step() string {
	if n := len(c.Steps); n > 0 && !c.Steps[n-1].Finished && c.Running() {
		return c.Steps[n-1].Step
	}
	return ""
}

// Agent is the agent who talks to the caller, or at whom it rings; ok is false if there is none.
func (c Call) Agent() (a event.CallAgent, ok bool) {
	for i := len(c.Agents) - 1; i >= 0; i-- {
		if c.Agents[i].Open() && c.Agents[i].Agent != "" {
			return c.Agents[i], true
		}
	}
	return event.CallAgent{}, false
}

// CurrentAgent is the name of Agent, or "".
func (c Call) CurrentAgent() string {
	a, _ := c.Agent()
	return a.Agent
}

// Phase says where a call is.
type Phase string

// The phases of a call.
const (
	Asking  Phase = "asking"  // the caller is with us
	Waiting Phase = "waiting" // handed on, nobody has it yet
	Ringing Phase = "ringing" // it rings at an agent
	Talking Phase = "talking" // an agent talks to the caller
	Over    Phase = "over"
)

// Phase is where the call is. A call that was handed on, and of which nothing is heard of an agent, is over for us.
func (c Call) Phase() Phase {
	if c.Running() {
		return Asking
	}
	if a, ok := c.Agent(); ok {
		if !a.Connected.IsZero() {
			return Talking
		}
		return Ringing
	}
	if n := len(c.Agents); n > 0 && c.Agents[n-1].Done == "" && c.Agents[n-1].Missed != event.MissedCallerGone {
		return Waiting
	}
	return Over
}

// Alarm is an alarm, or a new version of a line.
type Alarm struct {
	At   time.Time
	Line string
	event.Alarm
}

// Change is a new version of a line.
type Change struct {
	At      time.Time
	Line    string
	Version int
	event.ConfigChanged
}

// Bounds on what is kept.
const (
	maxCalls = 20_000
	keepOver = time.Hour
	// keepRunning is longer than any call is with an agent, readBack than nearly all are: what is older when we begin is
	// seen by its next event only.
	keepRunning = 12 * time.Hour
	readBack    = 4 * time.Hour
	maxAlarms   = 100
	pruneEvery  = time.Minute
)

// Calls are the calls of the last hour. Any goroutine may use it.
type Calls struct {
	now func() time.Time

	mu       sync.RWMutex
	calls    map[string]*Call
	first    map[string][]string // the calls that came back, by their first id
	alarms   []Alarm
	changes  []Change
	pruned   time.Time
	watchers map[*Watcher]struct{}
}

// New makes an empty Calls. now is the clock.
func New(now func() time.Time) *Calls {
	return &Calls{now: now, calls: map[string]*Call{}, first: map[string][]string{}, watchers: map[*Watcher]struct{}{}}
}

// Run follows the events in NATS until ctx ends.
func (c *Calls) Run(ctx context.Context, nats bus.Endpoint, log *slog.Logger) error {
	defer c.close()
	return bus.Watch(ctx, nats, bus.WatchOptions{Since: c.now().Add(-readBack), Log: log}, c.Saw)
}

// Saw takes the next event.
func (c *Calls) Saw(e event.Event) {
	if !e.Real() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch d := e.Data.(type) {
	case event.Alarm:
		c.alarms = append(c.alarms, Alarm{At: e.Time, Line: e.Line, Alarm: d})
		c.alarms = c.alarms[max(0, len(c.alarms)-maxAlarms):]
		c.tell(nil, e.Line)
		return
	case event.ConfigChanged:
		c.changes = append(c.changes, Change{At: e.Time, Line: e.Line, Version: e.LineVersion, ConfigChanged: d})
		c.changes = c.changes[max(0, len(c.changes)-maxAlarms):]
		c.tell(nil, e.Line)
		return
	}
	if !e.OfCall() {
		return
	}
	call := c.calls[e.Call]
	if call == nil {
		call = &Call{}
		c.calls[e.Call] = call
	}
	call.Add(e)
	call.Revision++
	call.Updated = e.Time
	switch d := e.Data.(type) {
	case event.CallStarted:
		if d.Continues != "" && d.Continues != e.Call {
			c.first[d.Continues] = append(c.first[d.Continues], e.Call)
		}
	case event.Identified:
		call.Name, call.PopURL = cmp.Or(d.Name, call.Name), cmp.Or(d.PopURL, call.PopURL)
	case event.Verified:
		call.Name, call.PopURL = cmp.Or(d.Name, call.Name), cmp.Or(d.PopURL, call.PopURL)
	case event.Failed:
		call.PopURL = cmp.Or(d.PopURL, call.PopURL)
	}
	c.tell(c.agentsOf(call), e.Line)
	c.prune()
}

// agentsOf are all agents who see the call: its own, and those of the call that it came back from.
func (c *Calls) agentsOf(call *Call) (agents []string) {
	for _, a := range call.Agents {
		agents = append(agents, a.Agent)
	}
	if first := c.calls[call.First]; first != nil && first != call {
		for _, a := range first.Agents {
			agents = append(agents, a.Agent)
		}
	}
	return agents
}

func (c *Calls) prune() {
	now := c.now()
	if len(c.calls) <= maxCalls && now.Sub(c.pruned) < pruneEvery {
		return
	}
	c.pruned = now
	for id, call := range c.calls {
		if !c.cameBack(call) && c.expired(call, now) {
			delete(c.calls, id)
		}
	}
	if over := len(c.calls) - maxCalls; over > 0 {
		all := make([]*Call, 0, len(c.calls))
		for _, call := range c.calls {
			all = append(all, call)
		}
		slices.SortFunc(all, func(a, b *Call) int { return a.Updated.Compare(b.Updated) })
		for _, call := range all[:over+maxCalls/20] {
			delete(c.calls, call.ID)
		}
	}
	for first, again := range c.first {
		again = slices.DeleteFunc(again, func(id string) bool {
			call := c.calls[id]
			if call != nil && c.calls[first] == nil && c.expired(call, now) {
				delete(c.calls, id)
				call = nil
			}
			return call == nil
		})
		if c.first[first] = again; len(again) == 0 {
			delete(c.first, first)
		}
	}
}

// cameBack says whether the call is another one that came back, which is kept as long as that.
func (c *Calls) cameBack(call *Call) bool {
	return call.First != call.ID && slices.Contains(c.first[call.First], call.ID)
}

func (c *Calls) expired(call *Call, now time.Time) bool {
	keep := keepRunning
	if call.Phase() == Over {
		keep = keepOver
	}
	return now.Sub(call.Updated) > keep
}

// Select returns the calls that pass, the latest first.
func (c *Calls) Select(pass func(Call) bool) []Call {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var passed []*Call // small, to be sorted
	for _, call := range c.calls {
		if call.Begun && call.Own() && pass(*call) {
			passed = append(passed, call)
		}
	}
	slices.SortFunc(passed, func(a, b *Call) int {
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(a.ID, b.ID))
	})
	found := make([]Call, len(passed))
	for i, call := range passed {
		found[i] = c.copied(call)
	}
	return found
}

// copied is a call of its own, with what a step-up of it proved.
func (c *Calls) copied(call *Call) Call {
	copied := *call
	copied.Steps, copied.Agents = slices.Clone(call.Steps), slices.Clone(call.Agents)
	for _, id := range c.first[call.ID] {
		again := c.calls[id]
		if again == nil {
			continue
		}
		copied.Revision += again.Revision
		if again.Running() {
			copied.Proof = again.ID
			continue
		}
		if again.StepUp && again.Level >= copied.Level && again.Customer == copied.Customer {
			copied.Status, copied.Level, copied.Reason, copied.Methods = again.Status, again.Level, again.Reason, again.Methods
		}
	}
	return copied
}

// Again are the calls that this one came back as, such as step-ups, oldest first.
func (c *Calls) Again(id string) (again []Call) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, id := range c.first[id] {
		if call := c.calls[id]; call != nil {
			again = append(again, *call)
		}
	}
	return again
}

// Alarms are the last alarms, the latest first.
func (c *Calls) Alarms(pass func(line string) bool) (found []Alarm) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for i := len(c.alarms) - 1; i >= 0; i-- {
		if pass(c.alarms[i].Line) {
			found = append(found, c.alarms[i])
		}
	}
	return found
}

// Before is the last change of a line in the time before at.
func (c *Calls) Before(line string, at time.Time, within time.Duration) (found Change, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, change := range c.changes {
		if d := at.Sub(change.At); change.Line == line && d >= 0 && d <= within {
			found, ok = change, true
		}
	}
	return found, ok
}
