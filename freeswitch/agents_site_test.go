package freeswitch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// identifyingLine knows callers by their number and hands them on to whatever way their INVITE names.
const identifyingLine = `format: 1
line: default
numbers: ["*"]
identify:
  - ani: {}
  - number: {name: account, digits: 6-10}
routes:
  identified: way XML public
  unidentified: agents XML default
`

// telephones are those of agents: what they do is in their name. They are called over SIP, and have a leg of their own.
const telephones = `
<extension name="answers"><condition field="destination_number" expression="^answers-.*$">
<action application="ring_ready"/><action application="sleep" data="300"/><action application="answer"/>
<action application="playback" data="tone_stream://%(1000,0,1000);loops=60"/>
</condition></extension>
<extension name="hurried"><condition field="destination_number" expression="^hurried-.*$">
<action application="ring_ready"/><action application="sleep" data="300"/><action application="answer"/>
<action application="playback" data="tone_stream://%(1000,0,1000);loops=1"/><action application="hangup"/>
</condition></extension>
<extension name="silent"><condition field="destination_number" expression="^silent-.*$">
<action application="ring_ready"/><action application="sleep" data="60000"/>
</condition></extension>
<extension name="busy"><condition field="destination_number" expression="^busy-.*$">
<action application="respond" data="486 Busy Here"/>
</condition></extension>
<extension name="rejects"><condition field="destination_number" expression="^rejects-.*$">
<action application="respond" data="603 Decline"/>
</condition></extension>
<extension name="mobile"><condition field="destination_number" expression="^\+49301234567$">
<action application="pre_answer"/><action application="playback" data="tone_stream://%(3000,0,425)"/>
<action application="answer"/><action application="playback" data="tone_stream://%(1000,0,1000);loops=60"/>
</condition></extension>`

// here is this FreeSWITCH as a SIP address; startAgentsSite sets it.
const here = "${agents_at}"

// agentWays are what an operator's dialplan does with callers whom Countersign has handed on.
const agentWays = `
<extension name="way"><condition field="destination_number" expression="^way$">
<action application="set" data="hangup_after_bridge=true"/>
<action application="set" data="continue_on_fail=true"/>
<action application="transfer" data="${sip_h_X-Way} XML public"/>
</condition></extension>
<extension name="one"><condition field="destination_number" expression="^one$">
<action application="bridge" data="user/1001@bank.example"/>
</condition></extension>
<extension name="one-after-the-other"><condition field="destination_number" expression="^one-after-the-other$">
<action application="bridge" data="sofia/harness/busy-1@` + here + `"/>
<action application="bridge" data="sofia/harness/rejects-1@` + here + `"/>
<action application="bridge" data="sofia/harness/nobody@` + here + `"/>
<action application="bridge" data="[leg_timeout=1]sofia/harness/silent-1@` + here + `"/>
<action application="bridge" data="user/1002@bank.example"/>
</condition></extension>
<extension name="all-at-once"><condition field="destination_number" expression="^all-at-once$">
<action application="bridge" data="sofia/harness/silent-1@` + here + `,user/1001@bank.example"/>
</condition></extension>
<extension name="nobody-answers"><condition field="destination_number" expression="^nobody-answers$">
<action application="bridge" data="sofia/harness/silent-1@` + here + `"/>
</condition></extension>
<extension name="trunk"><condition field="destination_number" expression="^trunk$">
<action application="bridge" data="sofia/harness/+49301234567@` + here + `"/>
</condition></extension>
<extension name="roundabout"><condition field="destination_number" expression="^roundabout$">
<action application="bridge" data="loopback/one/public"/>
</condition></extension>
<extension name="indirect"><condition field="destination_number" expression="^indirect$">
<action application="export" data="nolocal:absolute_codec_string=PCMU"/>
<action application="bridge" data="user/1001@bank.example"/>
</condition></extension>
<extension name="queue"><condition field="destination_number" expression="^queue-([a-z]+)$">
<action application="callcenter" data="$1"/>
</condition></extension>
<extension name="park"><condition field="destination_number" expression="^wait-([a-z]+)$">
<action application="fifo" data="$1 in"/>
</condition></extension>
<extension name="desk-of-fifo"><condition field="destination_number" expression="^take-([a-z]+)$">
<action application="answer"/><action application="fifo" data="$1 out nowait"/>
</condition></extension>`

// users are extensions with telephones that are registered, as far as a test goes.
const users = `<domain name="bank.example"><groups><group name="all"><users>
<user id="1001"><params><param name="dial-string" value="sofia/harness/answers-1001@` + here + `"/></params></user>
<user id="1002"><params><param name="dial-string" value="sofia/harness/hurried-1002@` + here + `"/></params></user>
</users></group></groups></domain>`

// agentsSite is a FreeSWITCH with agents, and a service that watches them.
type agentsSite struct {
	*freeSWITCH
	service *service
	who     customer
}

func startAgentsSite(t *testing.T, o options) *agentsSite {
	t.Helper()
	needSIPp(t)
	o.Files = map[string]string{
		"public/91_ways.xml": agentWays + telephones + extraDialplan["public/90_ways.xml"],
	}
	o.Directory = users
	s := &agentsSite{freeSWITCH: startFreeSWITCH(t, o), who: customer{
		ID: "A-1", Name: "Ada Lovelace", Phones: "+15551231000", Account: "200040", PIN: "246813",
	}}
	s.Set(t, "agents_at", s.SIP)
	s.service = startService(t, serviceOptions{
		Customers: []customer{s.who}, Line: identifyingLine, FreeSWITCH: s.freeSWITCH,
	})
	require.Eventually(t, func() bool { return strings.Contains(s.service.Log(t), "agents are watched") }, serveWithin, poll)
	return s
}

// sends has a caller handed on a way.
func (s *agentsSite) sends(t testing.TB, way string) *call {
	t.Helper()
	return callWithSIPp(t, s.freeSWITCH, dial{
		From: s.who.Phones, To: s.service.Number(time.Minute), Headers: []string{"X-Way: " + way},
	})
}

// agentsWithin bounds the waits for a fact.
const agentsWithin = 40 * time.Second

// await waits until the nth fact of a kind has come for a call.
func (s *agentsSite) await(t testing.TB, p *published, c *call, f event.Fact, nth int) {
	t.Helper()
	leg := c.Leg(t)
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		n := 0
		for _, e := range ofCall(t, p.events, leg) {
			if e.Fact() == f {
				n++
			}
		}
		return n >= nth
	}, agentsWithin, poll, "%s %d", f, nth)
}

// agents tells the facts about agents, when the last has come, and makes sure that each came once, in order.
func (s *agentsSite) agents(t testing.TB, p *published, c *call, done int) (story []string) {
	t.Helper()
	s.await(t, p, c, event.FactAgentDone, done)
	p.mu.Lock()
	j := ofCall(t, p.events, c.Leg(t))
	p.mu.Unlock()
	j.inOrder(t)
	for i, line := range j.Story() {
		if j[i].Fact().AboutAgents() {
			story = append(story, strings.TrimPrefix(line, "agent_"))
		}
	}
	return story
}

// tells compares what is told with what is expected.
func (s *agentsSite) tells(t testing.TB, p *published, c *call, done int, want ...string) {
	t.Helper()
	got := s.agents(t, p, c, done)
	if !assert.Equal(t, want, got) {
		t.Log(strings.Join(got, "\n"))
	}
}

// contact is a telephone as mod_callcenter or mod_fifo calls it.
func (s *agentsSite) contact(telephone string) string {
	return fmt.Sprintf("sofia/harness/%s@%s", telephone, s.SIP)
}
