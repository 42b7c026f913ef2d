package freeswitch_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"countersign/freeswitch"
	"countersign/session"

	"github.com/stretchr/testify/require"
)

const (
	// callerSings and agentSings are how the two are told from each other: neither is the tone of a key, a prompt or the
	// ringing.
	callerSings = 500.0
	agentSings  = 1800.0
	heardWithin = time.Minute
)

// talk leads a caller, as somebody whom Countersign has verified, to an agent's telephone: talk-<port of the
// service>-<dead-man time>-<port of the agent>. The agents of the shipped dialplan are where somebody ends who loses
// theirs.
var talkDialplan = map[string]string{
	"public/91_talk.xml": `
<extension name="talk"><condition field="destination_number" expression="^talk-([0-9]+)-([0-9]+)-([0-9]+)$">
<action application="multiset" data="countersign_socket=127.0.0.1:$1 countersign_deadman=$2"/>
<action application="multiset" data="cs_call=earlier cs_status=verified cs_level=2 cs_reason=ok"/>
<action application="multiset" data="cs_methods=ani,pin cs_customer=C-1"/>
<action application="set" data="hangup_after_bridge=true"/>
<action application="bridge" data="sofia/harness/agent@127.0.0.1:$3"/>
</condition></extension>`,
}

// knownCalls is what the state shared between machines says, for one FreeSWITCH.
type knownCalls struct {
	mu      sync.Mutex
	channel map[string]string
}

func (k *knownCalls) Remember(context.Context, session.Known) error { return nil }

func (k *knownCalls) Recall(_ context.Context, call string) (session.Known, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	channel, ok := k.channel[call]
	return session.Known{Call: call, Channel: channel}, ok, nil
}

func (k *knownCalls) is(call, channel string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.channel[call] = channel
}

// stepUpSite is a FreeSWITCH with agents to talk to, and what takes callers out of such a talk.
type stepUpSite struct {
	*freeSWITCH
	StepUps *freeswitch.StepUps
	known   *knownCalls
}

func startStepUpSite(t testing.TB, o options) *stepUpSite {
	t.Helper()
	findFreeSWITCH(t)
	needSIPp(t)
	if o.Files == nil {
		o.Files = talkDialplan
	}
	s := &stepUpSite{freeSWITCH: startFreeSWITCH(t, o), known: &knownCalls{channel: map[string]string{}}}
	s.StepUps = freeswitch.NewStepUps(freeswitch.Options{Calls: s.known, Servers: []freeswitch.Server{s.server()}})
	t.Cleanup(s.StepUps.Close)
	return s
}

// server is this FreeSWITCH's event socket.
func (f *freeSWITCH) server() freeswitch.Server {
	return freeswitch.Server{Address: f.eventSocket, Password: session.NewSecret([]byte(f.password))}
}

// talk is a caller and an agent who hear each other.
type talk struct {
	Caller *call
	Agent  *agent
	// ID is the caller's cs_call.
	ID   string
	site *stepUpSite
}

// talk has a caller and an agent talk to each other; a step-up will come to the service at this port.
func (s *stepUpSite) talk(t testing.TB, service int, deadMan time.Duration) *talk {
	t.Helper()
	a := startAgent(t)
	return s.talkOn(t, a, fmt.Sprintf("talk-%d-%d-%d", service, int(deadMan.Seconds()), a.Port))
}

// talkOn dials a number that leads to an agent.
func (s *stepUpSite) talkOn(t testing.TB, a *agent, number string) *talk {
	t.Helper()
	c := callWithSIPp(t, s.freeSWITCH, dial{To: number})
	k := &talk{Caller: c, Agent: a, ID: "call-" + randomHex(), site: s}
	a.phone.sing(agentSings)
	k.HearEachOther(t)
	s.known.is(k.ID, c.Leg(t))
	return k
}

// HearEachOther waits until both do. The caller is quiet afterwards, as somebody is who listens for a prompt.
func (k *talk) HearEachOther(t testing.TB) {
	t.Helper()
	k.Caller.phone.sing(callerSings)
	defer k.Caller.phone.sing()
	k.Agent.Hears(t, callerSings, answerWithin) // a busy machine connects them late
	k.Caller.Hears(t, agentSings, heardWithin)
}

// StepUp takes the caller out and waits until they hear the service. It returns how much the agent had heard before.
func (k *talk) StepUp(t testing.TB) (from int) {
	t.Helper()
	require.NoError(t, k.site.StepUps.StepUp(t.Context(), k.ID, session.Strong))
	k.Caller.Hears(t, prompting, heardWithin)
	recording, _ := k.Agent.phone.heardSo()
	return len(recording)
}

// KeyInBand sings the tones of keys, as a telephone does that does not know RFC 4733.
func (k *talk) KeyInBand(t testing.TB) {
	t.Helper()
	for _, row := range keyRows {
		k.Caller.phone.sing(row, keyColumns[1])
		k.Agent.letPass(t, 100*time.Millisecond)
		k.Caller.phone.sing()
		k.Agent.letPass(t, 60*time.Millisecond)
	}
}

// letPass waits until so much more has been recorded, which is also the proof that the agent's leg is up and gets
// sound.
func (a *agent) letPass(t testing.TB, d time.Duration) {
	t.Helper()
	recording, _ := a.phone.heardSo()
	until := len(recording) + int(d*8000/time.Second)
	passed := func() bool { r, _ := a.phone.heardSo(); return len(r) >= until }
	require.Eventually(t, passed, d+heardWithin, time.Millisecond*5, "the agent gets no sound")
}
