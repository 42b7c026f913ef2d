package freeswitch_test

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/stretchr/testify/assert"
)

// TestAnAgentAsksTheRealServiceForMore is a step-up from the HTTP API to the agent's ear, on the real program and a
// real FreeSWITCH.
func TestAnAgentAsksTheRealServiceForMore(t *testing.T) {
	t.Parallel()
	d := startDesk(t)
	inParallel(t,
		scenario{"the right code", d.rightCode},
		scenario{"wrong codes", d.wrongCodes},
		scenario{"silence", d.silence},
		scenario{"the service is killed in mid-entry", d.killed},
		scenario{"the service hangs in mid-entry, and goes on later", d.hangs},
		scenario{"the caller hangs up in mid-entry", d.callerHangsUp},
	)
}

func (d *desk) rightCode(t *testing.T) {
	events := subscribe(t, d.healthy)
	k, from := d.begins(t, d.healthy, 0, time.Minute)
	assert.Equal(t, http.StatusConflict, d.healthy.stepUp(t, k.ID), "one step-up at a time")
	k.Caller.Press(d.code(t) + "#")
	d.ends(t, k, from, verifiedAs(d.customers[0], "3", "ani,pin,totp"))
	assert.Equal(t, http.StatusNotFound, d.healthy.stepUp(t, k.ID), "the call is over")
	j := events.Stored(t, k.Caller.Record(t).Variables["cs_call"])
	j.inOrder(t)
	assert.Equal(t, 3, fact[event.StepUpRequested](t, j).Level)
	assert.Equal(t, 3, fact[event.Verified](t, j).Level)
	assert.Contains(t, j.Story(), "routed returned to countersign-rejoin XML countersign")
	assert.Equal(t, []string{"agent_offered agent by bridge , 1", "agent_connected agent by bridge", "agent_done agent caller"},
		events.agentsOf(t, k.ID), "the step-up is no end")
}

func (d *desk) wrongCodes(t *testing.T) {
	events := subscribe(t, d.healthy)
	k, from := d.begins(t, d.healthy, 1, time.Minute)
	for nth := range 5 { // policy.md: the tries of an authenticator
		if nth > 0 {
			k.Caller.AwaitAsked(t, "ask-totp-again", nth, askedWithin)
		}
		k.Caller.Press(d.wrongCode(t))
	}
	d.ends(t, k, from, d.still(1, "wrong_answer"))
	j := events.Stored(t, k.Caller.Record(t).Variables["cs_call"])
	assert.Contains(t, j.Story(), "step_finished totp failed wrong_answer rejected rejected rejected rejected rejected")
}

func (d *desk) silence(t *testing.T) {
	k, from := d.begins(t, d.healthy, 2, 2*time.Minute)
	d.ends(t, k, from, d.still(2, "no_input"))
}

func (d *desk) killed(t *testing.T) {
	doomed := d.start(t)
	k, from := d.begins(t, doomed, 3, time.Minute)
	k.Caller.Press(d.code(t)[:3])
	doomed.Kill(t)
	k.Caller.Press(d.code(t)[3:])
	d.ends(t, k, from, d.still(3, "unavailable"))
}

func (d *desk) hangs(t *testing.T) {
	hung := d.start(t)
	k, from := d.begins(t, hung, 4, time.Minute)
	k.Caller.Press(d.code(t)[:3])
	hung.Signal(t, syscall.SIGSTOP)
	k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", heardWithin+silentAtMost+atOnce)
	k.HearEachOther(t)
	hung.Signal(t, syscall.SIGCONT) // it finds a call that is not its own any more
	k.Caller.GoesOnHearing(t, agentSings, time.Now().Add(2*ringsWithin))
	d.ends(t, k, from, d.still(4, "unavailable"))
}

func (d *desk) callerHangsUp(t *testing.T) {
	k, _ := d.begins(t, d.healthy, 5, time.Minute)
	k.Caller.Press(d.code(t)[:3])
	k.Agent.StillThere(t)
	k.Caller.HangUp()
	k.Agent.AwaitOver(t, hangUpWithin)
}
