package freeswitch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheAgentHearsNothingOfAStepUpAndIsJoinedAgain takes callers out of their talk with an agent and records what the
// agent hears, on the agent's side.
func TestTheAgentHearsNothingOfAStepUpAndIsJoinedAgain(t *testing.T) {
	t.Parallel()
	s := startStepUpSite(t, options{})
	inParallel(t,
		scenario{"keys while they talk are heard, by both ways", s.keysAreHeardInATalk}, // if not, the others prove nothing
		scenario{"the right answer", s.rightAnswer},
		scenario{"wrong answers", s.wrongAnswers},
		scenario{"silence", s.silence},
		scenario{"Countersign crashes while the caller keys", s.crashes},
		scenario{"Countersign hangs while the caller keys, and is killed later", s.hangs},
		scenario{"Countersign is not there", s.notThere},
		scenario{"twice in one call", s.twice},
		scenario{"the caller hangs up meanwhile", s.callerHangsUp},
		scenario{"the caller hangs up after they were joined again", s.callerHangsUpLater},
		scenario{"the agent hangs up meanwhile", s.agentHangsUp},
	)
}

// longEnough is a dead-man time that no step-up needs.
const longEnough = 2 * time.Minute

// level3 is what a talk carries after a step-up that went well.
var level3 = result{Status: "verified", Level: "3", Reason: "ok", Methods: "ani,pin", Customer: "C-1"}

// stillLevel2 is what it carries after one that did not: what was proven before still holds.
func stillLevel2(reason string) result {
	return result{Status: "verified", Level: "2", Reason: reason, Methods: "ani,pin", Customer: "C-1"}
}

// hasStayedTheAgents is what a talk has to be like after a step-up, however it went.
func hasStayedTheAgents(t *testing.T, k *talk, from int, want result) {
	t.Helper()
	k.HearEachOther(t)
	k.Agent.heardNoKeys(t, from, "during the step-up and after it")
	k.Agent.HangUp()
	k.Caller.AwaitOver(t, hangUpWithin)
	r := k.Caller.Record(t)
	assert.Equal(t, want, r.result())
	assert.Equal(t, 0, r.Ran("transfer", "agents XML default"), "nobody else was called: %+v", r.AppLog)
	for _, gone := range []string{
		"cs_need_level", "cs_return", "cs_agent_leg", "cs_reporting_hook", "api_reporting_hook",
		"sensitive_dtmf", "socket_resume", "cs_digits",
	} {
		assert.NotContains(t, r.Variables, gone)
	}
	assert.Equal(t, "none", r.Variables["digits_dialed"])
}

// keysASecret keys in both ways of telephones, while the agent listens.
func (k *talk) keysASecret(t *testing.T) {
	t.Helper()
	k.KeyInBand(t)
	k.Caller.Press("271")
	k.KeyInBand(t)
}

func (s *stepUpSite) keysAreHeardInATalk(t *testing.T) {
	k := s.talk(t, freePort(t), longEnough)
	recording, _ := k.Agent.phone.heardSo()
	k.KeyInBand(t)
	k.Agent.letPass(t, 500*time.Millisecond)
	k.Caller.Press("5")
	require.Eventually(t, func() bool { _, keys := k.Agent.phone.heardSo(); return len(keys) > 0 }, heardWithin, poll)
	_, keys := k.Agent.phone.heardSo()
	assert.Equal(t, byte(5), keys[0])
	after, _ := k.Agent.phone.heardSo()
	found := keyTones(after[len(recording):])
	assert.GreaterOrEqual(t, len(found), 4*5, "four keys, each with several windows")
}

func (s *stepUpSite) rightAnswer(t *testing.T) {
	service := listenAndSay(t, append(asks(time.Minute), handsBack("verified", "3", "ok")...)...)
	k := s.talk(t, service.port(t), longEnough)
	from := k.StepUp(t)
	k.keysASecret(t)
	recording, _ := k.Agent.phone.heardSo()
	assert.Zero(t, loudest(recording[from:]), "the agent hears silence, not music or noise")
	k.Caller.Press("8#9") // the hash key, and another one, are not needed any more
	k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", heardWithin)
	hasStayedTheAgents(t, k, from, level3)
}

func (s *stepUpSite) wrongAnswers(t *testing.T) {
	again := asks(5 * time.Second)
	service := listenAndSay(t, append(append(asks(time.Minute), again[len(again)-1]),
		handsBack("verified", "2", "wrong_answer")...)...)
	k := s.talk(t, service.port(t), longEnough)
	from := k.StepUp(t)
	k.keysASecret(t)
	k.Caller.Press("8")
	k.Caller.Hears(t, prompting, heardWithin)
	k.keysASecret(t)
	k.Caller.Press("9")
	k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", heardWithin)
	hasStayedTheAgents(t, k, from, stillLevel2("wrong_answer"))
}

func (s *stepUpSite) silence(t *testing.T) {
	service := listenAndSay(t, append(asks(time.Second), handsBack("verified", "2", "no_input")...)...)
	k := s.talk(t, service.port(t), longEnough)
	from := k.StepUp(t)
	k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", 2*heardWithin)
	hasStayedTheAgents(t, k, from, stillLevel2("no_input"))
}

func (s *stepUpSite) twice(t *testing.T) {
	service := listenAndSay(t, append(asks(time.Minute), handsBack("verified", "3", "ok")...)...)
	k := s.talk(t, service.port(t), longEnough)
	from := k.StepUp(t)
	for range 2 {
		k.keysASecret(t)
		k.Caller.Press("8")
		k.HearEachOther(t)
		k.Agent.heardNoKeys(t, from, "during the step-up")
		from = k.StepUp(t)
	}
	k.keysASecret(t)
	k.Caller.Press("8")
	hasStayedTheAgents(t, k, from, level3)
}
