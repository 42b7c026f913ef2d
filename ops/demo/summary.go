package demo

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"countersign/freeswitch/sim"
	"countersign/session/event"
)

// Summary is the result of a demo: that of "report summary" on its data, and who was lost.
type Summary struct {
	// Calls came in, from the demo's callers and from anybody else. Each counts as one of Verified, Identified and
	// Unidentified, by its status at its end.
	Calls        int `json:"calls"`
	Verified     int `json:"verified"`
	Identified   int `json:"identified"`
	Unidentified int `json:"unidentified"`
	// Lost callers reached no agent although they did not hang up, or their call's last event never came.
	Lost int `json:"lost"`
	// Abandoned callers hung up.
	Abandoned int `json:"abandoned"`
	// Answered callers talked to an agent; Missed is how often one did not answer.
	Answered int     `json:"answered"`
	Missed   int     `json:"missed"`
	Events   int     `json:"events"`
	Seconds  float64 `json:"seconds"`
}

// forgetAfter is how long a call is kept after its caller's end: its last events are on their way.
const forgetAfter = time.Minute

// tally collects the results of the simulator and the events from NATS. A call that both say is over is counted and
// forgotten: a demo that runs for days keeps nothing of it. A tally is safe for concurrent use.
type tally struct {
	mu        sync.Mutex
	sum       Summary                // of the calls that are counted
	results   map[string]ended       // by FreeSWITCH's id of the call
	calls     map[string]*event.Call // by our id
	byChannel map[string]*event.Call // the same, by FreeSWITCH's id
}

// ended is what the sum of a demo needs of a call's result.
type ended struct{ answered, lost bool }

func newTally() *tally {
	return &tally{
		results: map[string]ended{}, calls: map[string]*event.Call{}, byChannel: map[string]*event.Call{},
	}
}

// placed adds a finished call.
func (t *tally) placed(r sim.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.results[r.UUID] = ended{r.Agent != "", r.Lost}
	time.AfterFunc(forgetAfter, func() { t.forget(r.UUID) })
}

// saw adds an event from NATS.
func (t *tally) saw(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum.Events++
	c := t.calls[e.Call]
	if c == nil {
		c = &event.Call{}
		t.calls[e.Call] = c
	}
	c.Add(e)
	if c.Start.Channel != "" {
		t.byChannel[c.Start.Channel] = c
	}
}

// forget counts a call that is over for the simulator and for NATS, and keeps nothing of it.
func (t *tally) forget(uuid string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, placed := t.results[uuid]
	c := t.byChannel[uuid]
	if !placed || c == nil || open(c) || r.answered && !answered(c) {
		return
	}
	t.sum.count(c, r.lost)
	delete(t.results, uuid)
	delete(t.byChannel, uuid)
	delete(t.calls, c.ID)
}

// settle waits until the last event of every call has come back from NATS.
func (t *tally) settle(ctx context.Context) error {
	for {
		missing := t.unsettled()
		if missing == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the last events of %d calls did not come back from NATS in time", missing)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (t *tally) unsettled() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for uuid, r := range t.results {
		if c := t.byChannel[uuid]; c == nil || r.answered && !answered(c) {
			n++
		}
	}
	for _, c := range t.byChannel {
		if open(c) {
			n++
		}
	}
	return n
}

// open says whether an event of the call is still to come.
func open(c *event.Call) bool {
	return c.End == "" || slices.ContainsFunc(c.Agents, event.CallAgent.Open)
}

// answered says whether an agent took the call.
func answered(c *event.Call) bool {
	return slices.ContainsFunc(c.Agents, func(a event.CallAgent) bool { return a.Agent != "" && a.Done != "" })
}

// summary is the sum of all calls, those that are not over included.
func (t *tally) summary() Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sum
	for uuid := range t.results {
		if t.byChannel[uuid] == nil { // it left no trace
			s.Calls, s.Unidentified, s.Lost = s.Calls+1, s.Unidentified+1, s.Lost+1
		}
	}
	for uuid, c := range t.byChannel {
		s.count(c, t.results[uuid].lost)
	}
	return s
}

// count adds a call by its events; lost is what its caller says.
func (s *Summary) count(c *event.Call, lost bool) {
	s.Calls++
	switch c.Status {
	case event.StatusVerified:
		s.Verified++
	case event.StatusIdentified:
		s.Identified++
	default:
		s.Unidentified++
	}
	if c.End == event.EndAbandoned {
		s.Abandoned++
	}
	if answered(c) {
		s.Answered++
	}
	for _, a := range c.Agents {
		if a.Missed != "" {
			s.Missed++
		}
	}
	if lost || c.End == "" {
		s.Lost++
	}
}
