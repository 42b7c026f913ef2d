package freeswitch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAStepUpOfACallThatAQueueGaveToItsAgent is for mod_callcenter, which watches the legs that it has joined.
func TestAStepUpOfACallThatAQueueGaveToItsAgent(t *testing.T) {
	t.Parallel()
	const answeredBy = "queued-agent"
	s := startStepUpSite(t, options{
		Modules: []string{"mod_callcenter"},
		Configuration: `<configuration name="callcenter.conf"><settings/>
<queues><queue name="support"><param name="strategy" value="longest-idle-agent"/>
<param name="moh-sound" value="tone_stream://%(1000,0,300)"/></queue></queues>
<agents/><tiers/></configuration>`,
		Files: map[string]string{"public/91_queue.xml": `
<extension name="queue"><condition field="destination_number" expression="^queue-([0-9]+)$">
<action application="multiset" data="countersign_socket=127.0.0.1:$1 countersign_deadman=20"/>
<action application="multiset" data="cs_call=earlier cs_status=verified cs_level=2 cs_reason=ok"/>
<action application="multiset" data="cs_methods=ani,pin cs_customer=C-1"/>
<action application="answer"/>
<action application="callcenter" data="support"/>
</condition></extension>`},
	})
	a := startAgent(t)
	for _, command := range []string{
		"agent add " + answeredBy + " callback",
		fmt.Sprintf("agent set contact %s sofia/harness/agent@127.0.0.1:%d", answeredBy, a.Port),
		"agent set status " + answeredBy + " Available", "tier add support " + answeredBy + " 1 1",
	} {
		require.Contains(t, s.API(t, "callcenter_config "+command), "+OK", command)
	}
	state := func() string {
		for line := range strings.Lines(s.API(t, "callcenter_config agent list")) {
			if strings.HasPrefix(line, answeredBy+"|") {
				return strings.Split(line, "|")[6]
			}
		}
		return "not there"
	}

	service := listenAndSay(t, append(asks(9*time.Second), handsBack("verified", "3", "ok")...)...)
	k := s.talkOn(t, a, fmt.Sprintf("queue-%d", service.port(t)))
	require.Equal(t, "In a queue call", state())
	from := k.StepUp(t)
	k.KeyInBand(t)
	k.Caller.Press("271")
	k.Agent.letPass(t, 1500*time.Millisecond) // the queue looks after its agents every 100 ms
	assert.Equal(t, "In a queue call", state(), "the queue gives the agent nobody else meanwhile")
	k.Caller.Press("8")
	k.HearEachOther(t)
	k.Agent.heardNoKeys(t, from, "during the step-up")
	assert.Equal(t, "In a queue call", state())
	k.Agent.HangUp()
	k.Caller.AwaitOver(t, hangUpWithin)
	require.Eventually(t, func() bool { return state() != "In a queue call" }, heardWithin, poll)
	assert.Equal(t, result{Status: "verified", Level: "3", Reason: "ok", Methods: "ani,pin", Customer: "C-1"},
		k.Caller.Record(t).result())
}

// TestAStepUpOfACallWhoseSoundBypassesFreeSWITCH is refused: FreeSWITCH would hang up on the caller.
func TestAStepUpOfACallWhoseSoundBypassesFreeSWITCH(t *testing.T) {
	t.Parallel()
	s := startStepUpSite(t, options{Files: map[string]string{
		"public/91_direct.xml": `
<extension name="direct"><condition field="destination_number" expression="^direct-([0-9]+)$">
<action application="set" data="bypass_media=true"/>
<action application="bridge" data="sofia/harness/agent@127.0.0.1:$1"/>
</condition></extension>`,
	}})
	a := startAgent(t)
	k := s.talkOn(t, a, fmt.Sprintf("direct-%d", a.Port))
	assert.ErrorIs(t, s.StepUps.StepUp(t.Context(), k.ID, session.Strong), session.ErrNotBridged)
	k.HearEachOther(t)
}
