package freeswitch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// queues are those of mod_callcenter. In each, agents are called in the order of their tiers' positions.
const queues = `<configuration name="callcenter.conf"><settings/><queues>
<queue name="sales"><param name="strategy" value="sequentially-by-agent-order"/>
<param name="moh-sound" value="tone_stream://%(1000,0,300)"/></queue>
<queue name="all"><param name="strategy" value="ring-all"/>
<param name="moh-sound" value="tone_stream://%(1000,0,300)"/></queue>
<queue name="slow"><param name="strategy" value="longest-idle-agent"/>
<param name="moh-sound" value="tone_stream://%(1000,0,300)"/></queue>
<queue name="round"><param name="strategy" value="longest-idle-agent"/>
<param name="moh-sound" value="tone_stream://%(1000,0,300)"/></queue>
<queue name="empty"><param name="strategy" value="longest-idle-agent"/>
<param name="moh-sound" value="tone_stream://%(1000,0,300)"/></queue>
</queues><agents/><tiers/></configuration>
<configuration name="fifo.conf"><settings><param name="outbound-strategy" value="ringall"/></settings><fifos/>
</configuration>`

// TestWhoTookACallOfAQueue is for mod_callcenter and mod_fifo, on a real FreeSWITCH.
func TestWhoTookACallOfAQueue(t *testing.T) {
	t.Parallel()
	s := startAgentsSite(t, options{
		Modules: []string{"mod_callcenter", "mod_fifo", "mod_loopback"}, Configuration: queues,
	})
	for _, a := range []struct{ name, contact, queue string }{
		{"sales-1", "[leg_timeout=2]" + s.contact("silent-11"), "sales"}, {"sales-2", s.contact("hurried-12"), "sales"},
		{"all-1", s.contact("silent-21"), "all"}, {"all-2", s.contact("answers-22"), "all"},
		{"all-3", s.contact("busy-23"), "all"},
		{"slow-1", s.contact("silent-31"), "slow"}, {"round-1", "loopback/indirect/public", "round"},
	} {
		for _, command := range []string{
			"agent add " + a.name + " callback", "agent set contact " + a.name + " " + a.contact,
			"agent set status " + a.name + " Available", "agent set busy_delay_time " + a.name + " 60",
			"agent set no_answer_delay_time " + a.name + " 60",
			fmt.Sprintf("tier add %s %s 1 %c", a.queue, a.name, a.name[len(a.name)-1]),
		} {
			require.Contains(t, s.API(t, "callcenter_config "+command), "+OK", command)
		}
	}
	inParallel(t,
		scenario{"an agent misses the call and the next one takes it", s.nextAgent},
		scenario{"all agents ring at once", s.ringAll},
		scenario{"the caller gives up while it rings", s.leavesQueue},
		scenario{"the caller gives up in an empty queue", s.leavesEmptyQueue},
		scenario{"an agent behind a loopback channel", s.loopbackAgent},
		scenario{"mod_fifo calls an agent", s.fifoCalls},
		scenario{"an agent takes a call of mod_fifo", s.fifoIsAsked},
	)
}

func (s *agentsSite) nextAgent(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "queue-sales")
	s.tells(t, events, c, 1, "offered sales-1 by callcenter sales, 1", "missed sales-1 no_answer ALLOTTED_TIMEOUT",
		"offered sales-2 by callcenter sales, 2", "connected sales-2 by callcenter sales", "done sales-2 agent")
}

func (s *agentsSite) ringAll(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "queue-all")
	s.await(t, events, c, event.FactAgentConnected, 1)
	c.HangUp()
	got := s.agents(t, events, c, 1)
	assert.ElementsMatch(t, []string{
		"missed all-1 elsewhere LOSE_RACE", "missed all-3 busy USER_BUSY", "connected all-2 by callcenter all",
		"done all-2 caller",
	}, withoutOffers(got), "%v", got)
}

// withoutOffers leaves out who was offered the call: their order is a matter of chance.
func withoutOffers(story []string) (left []string) {
	for _, line := range story {
		if line[:len("offered")] != "offered" {
			left = append(left, line)
		}
	}
	return left
}

func (s *agentsSite) leavesQueue(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "queue-slow")
	s.await(t, events, c, event.FactAgentOffered, 1)
	c.HangUp()
	s.tells(t, events, c, 1, "offered slow-1 by callcenter slow, 1", "missed slow-1 caller_gone", "done  abandoned")
}

func (s *agentsSite) leavesEmptyQueue(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "queue-empty")
	c.AwaitAt(t, "public", "queue-empty", saidWithin)
	s.await(t, events, c, event.FactCallEnded, 1)
	c.HangUp()
	s.tells(t, events, c, 1, "done  abandoned")
}

func (s *agentsSite) loopbackAgent(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "queue-round")
	s.await(t, events, c, event.FactAgentConnected, 1)
	c.HangUp()
	s.tells(t, events, c, 1, "offered round-1 by callcenter round, 1", "connected round-1 by callcenter round",
		"done round-1 caller")
}

func (s *agentsSite) fifoCalls(t *testing.T) {
	member := "{fifo_member_wait=nowait}" + s.contact("answers-41")
	require.Contains(t, s.API(t, "fifo_member add called "+member+" 1 20 5"), "+OK")
	events := subscribe(t, s.service)
	c := s.sends(t, "wait-called")
	s.await(t, events, c, event.FactAgentConnected, 1)
	c.HangUp()
	s.tells(t, events, c, 1, "offered answers-41 by fifo called, 1", "connected answers-41 by fifo called",
		"done answers-41 caller")
}

// fifoIsAsked has an agent's telephone call the queue, as mod_fifo's static agents do.
func (s *agentsSite) fifoIsAsked(t *testing.T) {
	events := subscribe(t, s.service)
	c := s.sends(t, "wait-asked")
	c.AwaitAt(t, "public", "wait-asked", saidWithin)
	s.await(t, events, c, event.FactCallEnded, 1)
	require.Eventually(t, func() bool { return strings.Contains(s.API(t, "fifo list asked"), c.Leg(t)) }, agentsWithin, poll)
	originate := "originate {origination_caller_id_number=1042}" + s.contact("take-asked") + " &park()"
	require.Contains(t, s.API(t, originate), "+OK")
	s.await(t, events, c, event.FactAgentConnected, 1)
	c.HangUp()
	s.tells(t, events, c, 1, "offered 1042 by fifo asked, 1", "connected 1042 by fifo asked", "done 1042 caller")
}
