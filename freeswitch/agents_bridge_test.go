package freeswitch_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// TestWhoTookACallThatTheDialplanBridges is for a plain bridge, on a real FreeSWITCH.
func TestWhoTookACallThatTheDialplanBridges(t *testing.T) {
	t.Parallel()
	s := startAgentsSite(t, options{Modules: []string{"mod_loopback"}})
	inParallel(t,
		scenario{"the caller hangs up", s.callerHangsUp},
		scenario{"one telephone after the other", s.oneAfterTheOther},
		scenario{"several telephones at once", s.allAtOnce},
		scenario{"the caller gives up", s.givesUp},
		scenario{"an outside number that is heard before it answers", s.trunk},
		scenario{"through a loopback channel", s.roundabout},
		scenario{"transferred to another agent", s.transferred},
		scenario{"picked up by another agent", s.pickedUp},
	)
}

func (s *agentsSite) callerHangsUp(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "one")
	s.await(t, events, c, event.FactAgentConnected, 1)
	c.HangUp()
	s.tells(t, events, c, 1, "offered 1001@bank.example by bridge , 1", "connected 1001@bank.example by bridge",
		"done 1001@bank.example caller")
	events.mu.Lock()
	defer events.mu.Unlock()
	j := ofCall(t, events.events, c.Leg(t))
	connected := fact[event.AgentConnected](t, j)
	assert.GreaterOrEqual(t, connected.WaitedMilliseconds, connected.RangMilliseconds)
	assert.Positive(t, connected.WaitedMilliseconds)
}

func (s *agentsSite) oneAfterTheOther(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "one-after-the-other")
	s.tells(t, events, c, 1,
		"offered busy-1 by bridge , 1", "missed busy-1 busy USER_BUSY",
		"offered rejects-1 by bridge , 2", "missed rejects-1 rejected CALL_REJECTED",
		"offered nobody by bridge , 3", "missed nobody unreachable NO_ROUTE_DESTINATION",
		"offered silent-1 by bridge , 4", "missed silent-1 no_answer ALLOTTED_TIMEOUT",
		"offered 1002@bank.example by bridge , 5", "connected 1002@bank.example by bridge",
		"done 1002@bank.example agent")
}

func (s *agentsSite) allAtOnce(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "all-at-once")
	s.await(t, events, c, event.FactAgentConnected, 1)
	c.HangUp()
	got := s.agents(t, events, c, 1)
	assert.ElementsMatch(t, []string{
		"missed silent-1 elsewhere LOSE_RACE", "connected 1001@bank.example by bridge", "done 1001@bank.example caller",
	}, withoutOffers(got), "%v", got)
	for _, agent := range []string{"silent-1", "1001@bank.example"} { // which rings first is a matter of chance
		assert.Equal(t, 1, strings.Count(strings.Join(got, "\n"), "offered "+agent+" by bridge"), "%v", got)
	}
}

func (s *agentsSite) givesUp(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "nobody-answers")
	s.await(t, events, c, event.FactAgentOffered, 1)
	c.HangUp()
	s.tells(t, events, c, 1, "offered silent-1 by bridge , 1", "missed silent-1 caller_gone",
		"done  abandoned")
}

func (s *agentsSite) trunk(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "trunk")
	s.await(t, events, c, event.FactAgentConnected, 1)
	c.HangUp()
	s.tells(t, events, c, 1, "offered number-4567 by bridge , 1", "connected number-4567 by bridge",
		"done number-4567 caller")
	events.mu.Lock()
	defer events.mu.Unlock()
	j := ofCall(t, events.events, c.Leg(t))
	assert.GreaterOrEqual(t, fact[event.AgentConnected](t, j).RangMilliseconds, int64(1500), "3 s of early media")
	for _, m := range events.events {
		assert.NotContains(t, string(m.Data), "301234567")
	}
}

func (s *agentsSite) roundabout(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "roundabout")
	s.await(t, events, c, event.FactAgentConnected, 1)
	c.HangUp()
	s.tells(t, events, c, 1, "offered 1001@bank.example by bridge , 1", "connected 1001@bank.example by bridge",
		"done 1001@bank.example caller")
}

func (s *agentsSite) transferred(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "one")
	s.await(t, events, c, event.FactAgentConnected, 1)
	require.Contains(t, s.API(t, "uuid_transfer "+c.Leg(t)+" one-after-the-other XML public"), "+OK")
	got := s.agents(t, events, c, 2)
	assert.Equal(t, []string{
		"offered 1001@bank.example by bridge , 1", "connected 1001@bank.example by bridge",
		"done 1001@bank.example transferred", "offered busy-1 by bridge , 2",
	}, got[:4])
	assert.Equal(t, "done 1002@bank.example agent", got[len(got)-1])
}

func (s *agentsSite) pickedUp(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "nobody-answers")
	s.await(t, events, c, event.FactAgentOffered, 1)
	require.Contains(t, s.API(t, "originate "+s.contact("answers-7")+" &intercept("+c.Leg(t)+")"), "+OK")
	s.await(t, events, c, event.FactAgentConnected, 1)
	c.HangUp()
	s.tells(t, events, c, 1, "offered silent-1 by bridge , 1", "missed silent-1 elsewhere PICKED_OFF",
		"offered answers-7 by bridge , 2", "connected answers-7 by bridge", "done answers-7 caller")
}
