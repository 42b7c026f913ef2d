package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"countersign/freeswitch/sim"
	"countersign/session/event"
)

// TestATrunkWhoseKeysAreNeverHeardIsAnEvent has callers by one trunk stay silent, and then one key.
func TestATrunkWhoseKeysAreNeverHeardIsAnEvent(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, accounts(1, func(int) string { return "864209" }), "keys: {silent_calls: 5}\n")
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	for range 5 {
		r := s.nodes[0].call(sim.CallOptions{From: "+15557770001", To: "5200", Caller: sim.Silent()})
		assert.Equal(t, "no_input", r.Variables["cs_reason"])
	}
	a := s.await(1, is[event.Alarm]("bank"))[0].Data.(event.Alarm)
	assert.Equal(t, event.AlarmNoKeys, a.Kind)
	assert.Equal(t, "internal/127.0.0.1", a.Trunk)
	assert.Equal(t, 5, a.Calls)
}

// TestKeysInTheSoundVerifyACaller by a trunk without telephone-event, whose calls the dialplan records.
func TestKeysInTheSoundVerifyACaller(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, accounts(1, func(int) string { return "864209" }), "")
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	o := guesser("5200", account(0), 0, "864209")
	o.InBand, o.Record = true, "/var/recordings/call.wav"
	r := s.nodes[0].call(o)
	assert.Equal(t, "verified", r.Variables["cs_status"])
	if assert.Len(t, r.Recordings, 1) {
		assert.Empty(t, r.Recordings[0].Holds, "the greeting is in the first question, and the keys are in the sound")
		assert.False(t, r.Recordings[0].Masked, "the agent's part is recorded")
	}

	o = guesser("5200", account(0), 0, "864209")
	o.Record = "/var/recordings/call.wav"
	r = s.nodes[0].call(o)
	if assert.Len(t, r.Recordings, 1) {
		assert.Equal(t, []string{"ask-account", "confirmation"}, r.Recordings[0].Holds)
	}
}
