package freeswitch_test

import (
	"testing"
	"time"

	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (s *stepUpSite) crashes(t *testing.T) {
	const switchedOff = 20 * time.Second
	service := listenAndSay(t, asks(time.Minute)...)
	k := s.talk(t, service.port(t), switchedOff)
	from := k.StepUp(t)
	k.keysASecret(t)
	began := time.Now()
	service.HangUpOnAll()
	for _, key := range []string{"8", "2", "8"} { // the caller does not know, and goes on
		k.Caller.Press(key)
		k.Agent.letPass(t, 2500*time.Millisecond) // and pauses to think
	}
	k.HearEachOther(t)
	t.Logf("joined again %s after the crash", time.Since(began).Round(time.Millisecond))
	k.Caller.GoesOnHearing(t, agentSings, began.Add(switchedOff+ringsWithin)) // the dead-man switch is off
	hasStayedTheAgents(t, k, from, stillLevel2("unavailable"))
}

func (s *stepUpSite) hangs(t *testing.T) {
	service := listenAndSay(t, asks(60*time.Second)...)
	k := s.talk(t, service.port(t), deadMan)
	from := k.StepUp(t)
	k.keysASecret(t)
	k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", deadMan+atOnce)
	k.HearEachOther(t)
	service.HangUpOnAll()
	k.Caller.GoesOnHearing(t, agentSings, time.Now().Add(ringsWithin))
	hasStayedTheAgents(t, k, from, stillLevel2("unavailable"))
}

func (s *stepUpSite) notThere(t *testing.T) {
	k := s.talk(t, freePort(t), longEnough)
	recording, _ := k.Agent.phone.heardSo()
	require.NoError(t, s.StepUps.StepUp(t.Context(), k.ID, session.Strong))
	k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", atOnce)
	hasStayedTheAgents(t, k, len(recording), stillLevel2("unavailable"))
}

func (s *stepUpSite) callerHangsUp(t *testing.T) {
	service := listenAndSay(t, asks(30*time.Second)...)
	k := s.talk(t, service.port(t), longEnough)
	k.StepUp(t)
	k.Agent.StillThere(t)
	k.Caller.HangUp()
	k.Agent.AwaitOver(t, hangUpWithin)
}

func (s *stepUpSite) callerHangsUpLater(t *testing.T) {
	service := listenAndSay(t, append(asks(time.Second), handsBack("verified", "2", "no_input")...)...)
	k := s.talk(t, service.port(t), longEnough)
	k.StepUp(t)
	k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", 2*heardWithin)
	k.HearEachOther(t)
	k.Caller.HangUp()
	k.Agent.AwaitOver(t, hangUpWithin)
}

func (s *stepUpSite) agentHangsUp(t *testing.T) {
	service := listenAndSay(t, append(asks(time.Minute), handsBack("verified", "3", "ok")...)...)
	k := s.talk(t, service.port(t), longEnough)
	k.StepUp(t)
	k.Agent.HangUp()
	k.Agent.AwaitOver(t, hangUpWithin)
	k.Caller.Press("2718") // nothing but the agent has changed for the caller
	k.Caller.AwaitAt(t, "default", "agents", atOnce)
	k.Caller.Hears(t, ringing, heardWithin)
	r := k.Caller.Record(t)
	assert.Equal(t, level3, r.result())
}
