package main

import (
	"context"
	"fmt"
	"time"

	"countersign/session/event"
)

// summary is what happened in a demo.
type summary struct {
	// Calls were placed; each is one of Verified, Identified and Unidentified by the time it ended, and Lost beside that if its caller reached nobody
	// although they did not hang up, or if its last event never came.
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

// saw takes an event from NATS.
func (d *demonstration) saw(e event.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events++
	switch data := e.Data.(type) {
	case event.CallStarted:
		if d.ours == nil {
			d.ours = map[string]string{}
		}
		d.ours[data.Channel] = e.Call
	case event.CallEnded:
		d.ended[e.Call] = data
	}
}

// settle waits until the last event of every call has come back from NATS.
func (d *demonstration) settle(ctx context.Context) error {
	for {
		if d.unsettled() == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the last events of %d calls did not come back from NATS in time", d.unsettled())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (d *demonstration) unsettled() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for uuid := range d.placed {
		if _, ended := d.ended[d.ours[uuid]]; !ended {
			n++
		}
	}
	return n
}

// summary counts the calls that were placed here, by what NATS said about them.
func (d *demonstration) summary() (s summary) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.Events = d.events
	for uuid, r := range d.placed {
		s.Calls++
		ended, known := d.ended[d.ours[uuid]]
		switch {
		case ended.Status == event.StatusVerified:
			s.Verified++
		case ended.Status == event.StatusIdentified:
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
