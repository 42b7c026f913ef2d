package freeswitch_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"countersign/freeswitch"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// callerSings and agentSings are how the two are told from each other: neither is the tone of a key, a prompt or the ringing.
	callerSings = 500.0
	agentSings  = 1800.0
	heardWithin = 15 * time.Second
)

// talk leads a caller, as somebody whom Countersign has verified, to an agent's telephone: talk-<port of the service>-<dead-man time>-<port of the agent>.
// The agents of the shipped dialplan are where somebody ends who loses theirs.
var talkDialplan = map[string]string{
	"public/91_talk.xml": `<extension name="talk"><condition field="destination_number" expression="^talk-([0-9]+)-([0-9]+)-([0-9]+)$">
<action application="multiset" data="countersign_socket=127.0.0.1:$1 countersign_deadman=$2 cs_call=earlier cs_status=verified cs_level=2 cs_reason=ok cs_methods=ani,pin cs_customer=C-1"/>
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
	k.Agent.Hears(t, callerSings, heardWithin)
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

// letPass waits until so much more has been recorded, which is also the proof that the agent's leg is up and gets sound.
func (a *agent) letPass(t testing.TB, d time.Duration) {
	t.Helper()
	recording, _ := a.phone.heardSo()
	until := len(recording) + int(d*8000/time.Second)
	require.Eventually(t, func() bool { r, _ := a.phone.heardSo(); return len(r) >= until }, d+heardWithin, time.Millisecond*5, "the agent gets no sound")
}

// asks are the frames of a service that asks for a secret, up to the end of the entry.
func asks(firstDigit time.Duration) []string {
	return []string{
		connect, execute("multiset", "^^|sensitive_dtmf=true"), execute("answer", ""),
		execute("play_and_get_digits", fmt.Sprintf("4 4 1 %d # tone_stream://%%(3000,0,1000) silence_stream://10 cs_digits '' 3000", firstDigit.Milliseconds())),
	}
}

// handsBack are the frames of a service that has decided, and sends the call back to its agent.
func handsBack(status, level, reason string) []string {
	return handsOn("countersign-rejoin XML countersign", status, level, reason)
}

// handsOn are the frames of a service that has decided, and sends the call to where it was to go.
func handsOn(to, status, level, reason string) []string {
	return []string{
		execute("sched_cancel", ""),
		execute("multiset", fmt.Sprintf("^^|cs_call=second|cs_status=%s|cs_level=%s|cs_reason=%s|cs_digits=|cs_need_level=|cs_return=|sensitive_dtmf=|socket_resume=", status, level, reason)),
		execute("transfer", to),
	}
}

func (s *scripted) port(t testing.TB) int {
	t.Helper()
	return s.listener.Addr().(*net.TCPAddr).Port
}

// TestTheAgentHearsNothingOfAStepUpAndIsJoinedAgain takes callers out of their talk with an agent and records what the agent hears, on the agent's side.
func TestTheAgentHearsNothingOfAStepUpAndIsJoinedAgain(t *testing.T) {
	t.Parallel()
	s := startStepUpSite(t, options{})
	const longEnough = 20 * time.Second

	// ends is what a talk has to be like after a step-up, however it went.
	ends := func(t *testing.T, k *talk, from int, want result) {
		t.Helper()
		k.HearEachOther(t)
		k.Agent.heardNoKeys(t, from, "during the step-up and after it")
		k.Agent.HangUp()
		k.Caller.AwaitOver(t, hangUpWithin)
		r := k.Caller.Record(t)
		assert.Equal(t, want, r.result())
		assert.Equal(t, 0, r.Ran("transfer", "agents XML default"), "nobody else was called: %+v", r.AppLog)
		for _, gone := range []string{"cs_need_level", "cs_return", "cs_agent_leg", "cs_reporting_hook", "api_reporting_hook", "sensitive_dtmf", "socket_resume", "cs_digits"} {
			assert.NotContains(t, r.Variables, gone)
		}
		assert.Equal(t, "none", r.Variables["digits_dialed"])
	}
	// keys has the caller key a secret, in both ways of telephones, while the agent listens.
	keys := func(t *testing.T, k *talk) {
		t.Helper()
		k.KeyInBand(t)
		k.Caller.Press("271")
		k.KeyInBand(t)
	}

	t.Run("keys while they talk are heard, by both ways", func(t *testing.T) { // if not, the other tests prove nothing
		t.Parallel()
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
	})

	t.Run("the right answer", func(t *testing.T) {
		t.Parallel()
		service := listenAndSay(t, append(asks(5*time.Second), handsBack("verified", "3", "ok")...)...)
		k := s.talk(t, service.port(t), longEnough)
		from := k.StepUp(t)
		keys(t, k)
		recording, _ := k.Agent.phone.heardSo()
		assert.Zero(t, loudest(recording[from:]), "the agent hears silence, not music or noise")
		k.Caller.Press("8#9") // the hash key, and another one, are not needed any more
		k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", heardWithin)
		ends(t, k, from, result{Status: "verified", Level: "3", Reason: "ok", Methods: "ani,pin", Customer: "C-1"})
	})

	t.Run("wrong answers", func(t *testing.T) {
		t.Parallel()
		again := asks(5 * time.Second)
		service := listenAndSay(t, append(append(asks(5*time.Second), again[len(again)-1]), handsBack("verified", "2", "wrong_answer")...)...)
		k := s.talk(t, service.port(t), longEnough)
		from := k.StepUp(t)
		keys(t, k)
		k.Caller.Press("8")
		k.Caller.Hears(t, prompting, heardWithin)
		keys(t, k)
		k.Caller.Press("9")
		k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", heardWithin)
		ends(t, k, from, result{Status: "verified", Level: "2", Reason: "wrong_answer", Methods: "ani,pin", Customer: "C-1"})
	})

	t.Run("silence", func(t *testing.T) {
		t.Parallel()
		service := listenAndSay(t, append(asks(time.Second), handsBack("verified", "2", "no_input")...)...)
		k := s.talk(t, service.port(t), longEnough)
		from := k.StepUp(t)
		k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", 2*heardWithin)
		ends(t, k, from, result{Status: "verified", Level: "2", Reason: "no_input", Methods: "ani,pin", Customer: "C-1"})
	})

	// What was proven before the step-up still holds.
	unavailable := result{Status: "verified", Level: "2", Reason: "unavailable", Methods: "ani,pin", Customer: "C-1"}

	t.Run("Countersign crashes while the caller keys", func(t *testing.T) {
		t.Parallel()
		service := listenAndSay(t, asks(9*time.Second)...)
		k := s.talk(t, service.port(t), 8*time.Second)
		from := k.StepUp(t)
		keys(t, k)
		began := time.Now()
		service.HangUpOnAll()
		for _, key := range []string{"8", "2", "8"} { // the caller does not know, and goes on
			k.Caller.Press(key)
			k.Agent.letPass(t, 500*time.Millisecond)
		}
		k.HearEachOther(t)
		t.Logf("joined again %s after the crash", time.Since(began).Round(time.Millisecond))
		k.Caller.GoesOnHearing(t, agentSings, began.Add(8*time.Second+ringsWithin)) // the dead-man switch is off
		ends(t, k, from, unavailable)
	})

	t.Run("Countersign hangs while the caller keys, and is killed later", func(t *testing.T) {
		t.Parallel()
		service := listenAndSay(t, asks(60*time.Second)...)
		k := s.talk(t, service.port(t), deadMan)
		from := k.StepUp(t)
		keys(t, k)
		k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", deadMan+atOnce)
		k.HearEachOther(t)
		service.HangUpOnAll()
		k.Caller.GoesOnHearing(t, agentSings, time.Now().Add(ringsWithin))
		ends(t, k, from, unavailable)
	})

	t.Run("Countersign is not there", func(t *testing.T) {
		t.Parallel()
		k := s.talk(t, freePort(t), longEnough)
		recording, _ := k.Agent.phone.heardSo()
		require.NoError(t, s.StepUps.StepUp(t.Context(), k.ID, session.Strong))
		k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", atOnce)
		ends(t, k, len(recording), unavailable)
	})

	t.Run("twice in one call", func(t *testing.T) {
		t.Parallel()
		service := listenAndSay(t, append(asks(5*time.Second), handsBack("verified", "3", "ok")...)...)
		k := s.talk(t, service.port(t), longEnough)
		from := k.StepUp(t)
		for range 2 {
			keys(t, k)
			k.Caller.Press("8")
			k.HearEachOther(t)
			k.Agent.heardNoKeys(t, from, "during the step-up")
			from = k.StepUp(t)
		}
		keys(t, k)
		k.Caller.Press("8")
		ends(t, k, from, result{Status: "verified", Level: "3", Reason: "ok", Methods: "ani,pin", Customer: "C-1"})
	})

	t.Run("the caller hangs up meanwhile", func(t *testing.T) {
		t.Parallel()
		service := listenAndSay(t, asks(30*time.Second)...)
		k := s.talk(t, service.port(t), longEnough)
		k.StepUp(t)
		k.Agent.StillThere(t)
		k.Caller.HangUp()
		k.Agent.AwaitOver(t, atOnce)
	})

	t.Run("the caller hangs up after they were joined again", func(t *testing.T) {
		t.Parallel()
		service := listenAndSay(t, append(asks(time.Second), handsBack("verified", "2", "no_input")...)...)
		k := s.talk(t, service.port(t), longEnough)
		k.StepUp(t)
		k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", 2*heardWithin)
		k.HearEachOther(t)
		k.Caller.HangUp()
		k.Agent.AwaitOver(t, atOnce)
	})

	t.Run("the agent hangs up meanwhile", func(t *testing.T) {
		t.Parallel()
		service := listenAndSay(t, append(asks(5*time.Second), handsBack("verified", "3", "ok")...)...)
		k := s.talk(t, service.port(t), longEnough)
		k.StepUp(t)
		k.Agent.HangUp()
		k.Agent.AwaitOver(t, atOnce)
		k.Caller.Press("2718") // nothing but the agent has changed for the caller
		k.Caller.AwaitAt(t, "default", "agents", atOnce)
		k.Caller.Hears(t, ringing, ringsWithin)
		r := k.Caller.Record(t)
		assert.Equal(t, result{Status: "verified", Level: "3", Reason: "ok", Methods: "ani,pin", Customer: "C-1"}, r.result())
	})
}

// TestStepUpsOfCallsThatThereAreNot refuses what cannot be done, in words that the program can tell apart, and leaves the calls alone.
func TestStepUpsOfCallsThatThereAreNot(t *testing.T) {
	t.Parallel()
	s := startStepUpSite(t, options{})
	service := listenAndSay(t, asks(30*time.Second)...)
	k := s.talk(t, service.port(t), time.Minute)
	stepUp := func(call string) error { return s.StepUps.StepUp(t.Context(), call, session.Strong) }

	assert.ErrorIs(t, stepUp("never heard of"), session.ErrUnknownCall)
	s.known.is("over", randomUUID())
	assert.ErrorIs(t, stepUp("over"), session.ErrUnknownCall)
	s.known.is("forged", k.Caller.Leg(t)+" x;hupall")
	assert.ErrorIs(t, stepUp("forged"), session.ErrUnknownCall)
	for _, level := range []session.Level{session.Unknown, session.Strong + 1, -1} {
		assert.Error(t, s.StepUps.StepUp(t.Context(), k.ID, level))
	}

	with := func(servers ...freeswitch.Server) *freeswitch.StepUps {
		u := freeswitch.NewStepUps(freeswitch.Options{Calls: s.known, Servers: servers, Timeout: 3 * time.Second})
		t.Cleanup(u.Close)
		return u
	}
	nobody := freeswitch.Server{Address: fmt.Sprintf("127.0.0.1:%d", freePort(t)), Password: session.NewSecret([]byte("x"))}
	stranger := freeswitch.Server{Address: s.eventSocket, Password: session.NewSecret([]byte("not the password"))}
	for name, u := range map[string]*freeswitch.StepUps{"down": with(nobody), "with another password": with(stranger)} {
		err := u.StepUp(t.Context(), k.ID, session.Strong)
		assert.ErrorIs(t, err, session.ErrSwitchUnavailable, name)
		assert.NotContains(t, err.Error(), "not the password")
	}
	k.HearEachOther(t) // nothing of all that has touched the call

	// Two of them at the same moment, on two machines of ours that know two FreeSWITCH, one of which is down.
	both := with(nobody, s.server())
	results := make(chan error, 8)
	for i := range cap(results) {
		u := []*freeswitch.StepUps{both, both, both, s.StepUps}[i%4]
		go func() { results <- u.StepUp(t.Context(), k.ID, session.Strong) }()
	}
	begun := 0
	for range cap(results) {
		if err := <-results; err == nil {
			begun++
		} else {
			assert.ErrorIs(t, err, session.ErrNotBridged)
		}
	}
	assert.GreaterOrEqual(t, begun, 1)
	k.Caller.Hears(t, prompting, heardWithin)
	assert.ErrorIs(t, stepUp(k.ID), session.ErrNotBridged, "the caller is in a step-up already")
	service.HangUpOnAll()
	k.HearEachOther(t)
	k.Caller.HangUp()
	k.Caller.AwaitOver(t, hangUpWithin)
	require.Eventually(t, func() bool { return errors.Is(stepUp(k.ID), session.ErrUnknownCall) }, heardWithin, poll)
}
