package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"countersign/freeswitch/sim"
	"countersign/session/event"
)

// Summary is what happened in a demo.
type Summary struct {
	// Calls were placed; each is one of Verified, Identified and Unidentified by the time it ended, and Lost beside that
	// if its caller reached nobody although they did not hang up, or if its last event never came.
	Calls        int `json:"calls"`
	Verified     int `json:"verified"`
	Identified   int `json:"identified"`
	Unidentified int `json:"unidentified"`
	Lost         int `json:"lost"`
	// Abandoned callers hung up; they are among the three above too.
	Abandoned int     `json:"abandoned"`
	Events    int     `json:"events"`
	Seconds   float64 `json:"seconds"`
}

// tally keeps what the simulator and what NATS said about calls. Its methods are called from several goroutines.
type tally struct {
	mu      sync.Mutex
	results map[string]sim.Result      // by FreeSWITCH's id of the call
	ours    map[string]string          // FreeSWITCH's id to ours
	ended   map[string]event.CallEnded // by our id
	events  int
}

func newTally() *tally {
	return &tally{results: map[string]sim.Result{}, ours: map[string]string{}, ended: map[string]event.CallEnded{}}
}

// placed takes a call that has ended.
func (t *tally) placed(r sim.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.results[r.UUID] = r
}

// saw takes an event from NATS.
func (t *tally) saw(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events++
	switch data := e.Data.(type) {
	case event.CallStarted:
		t.ours[data.Channel] = e.Call
	case event.CallEnded:
		t.ended[e.Call] = data
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
	for uuid := range t.results {
		if _, ended := t.ended[t.ours[uuid]]; !ended {
			n++
		}
	}
	return n
}

// summary counts the calls that were placed here, by what NATS said about them.
func (t *tally) summary() (s Summary) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Events = t.events
	for uuid, r := range t.results {
		s.Calls++
		ended, known := t.ended[t.ours[uuid]]
		switch ended.Status {
		case event.StatusVerified:
			s.Verified++
		case event.StatusIdentified:
			s.Identified++
		default:
			s.Unidentified++
		}
		if ended.End == event.EndAbandoned {
			s.Abandoned++
		}
		if r.Lost || !known {
			s.Lost++
		}
	}
	return s
}
