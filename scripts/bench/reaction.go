package main

import (
	"bytes"
	"time"

	"countersign/freeswitch/sim"
)

// reactions are how long a server takes from being told of an entry to its command for what the caller hears next, or
// for the transfer. FreeSWITCH's frames of 20 ms, in which the caller hears it, are not in them.
type reactions struct {
	told time.Duration // of an entry that has no answer yet; 0: none
	all  []time.Duration
}

var (
	ended     = []byte("Event-Name: CHANNEL_EXECUTE_COMPLETE\n")
	entry     = []byte("\nApplication: play_and_get_digits\n")
	toCallers = [][]byte{[]byte("\nexecute-app-name: play"), []byte("\nexecute-app-name: transfer")}
)

// eventBegins is in how many bytes the name of an event comes.
const eventBegins = 200

// watch is a call's sim.CallOptions.Watch.
func (r *reactions) watch(f sim.Frame) {
	switch {
	case !f.FromService:
		if bytes.Contains(f.Bytes[:min(len(f.Bytes), eventBegins)], ended) && bytes.Contains(f.Bytes, entry) {
			r.told = f.At
		}
	case r.told > 0:
		lower := bytes.ToLower(f.Bytes)
		for _, command := range toCallers {
			if bytes.Contains(lower, command) {
				r.all = append(r.all, f.At-r.told)
				r.told = 0
				return
			}
		}
	}
}
