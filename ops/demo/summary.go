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

// tally collects the results of the simulator and the events from NATS. It is safe for concurrent use.
type tally struct {
	mu        sync.Mutex
	results   map[string]ended       // by FreeSWITCH's id of the call
	calls     map[string]*event.Call // by our id
	byChannel map[string]*event.Call // the same, by FreeSWITCH's id
	events    int
}

// ended is what the sum of a demo needs of a call: one that runs for days keeps no more.
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
}

// saw adds an event from NATS.
func (t *tally) saw(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events++
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
		if c.End == "" || slices.ContainsFunc(c.Agents, event.CallAgent.Open) {
			n++
		}
	}
	return n
}

// answered says whether an agent took the call.
func answered(c *event.Call) bool {
	return slices.ContainsFunc(c.Agents, func(a event.CallAgent) bool { return a.Agent != "" && a.Done != "" })
}

// summary counts the calls, by their events.
func (t *tally) summary() (s Summary) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Events = t.events
	lost := map[string]bool{} // by FreeSWITCH's id
	for uuid, r := range t.results {
		if t.byChannel[uuid] == nil { // it left no trace
			s.Calls, s.Unidentified = s.Calls+1, s.Unidentified+1
			lost[uuid] = true
		} else if r.lost {
			lost[uuid] = true
		}
	}
	for uuid, c := range t.byChannel {
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
		if c.End == "" {
			lost[uuid] = true
		}
	}
	s.Lost = len(lost)
	return s
}
