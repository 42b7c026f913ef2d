package freeswitch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const (
	// ringing is what the shipped extension "agents" plays, every 3 s.
	ringing     = 400.0
	ringsWithin = 5 * time.Second
	// prompting is what these tests use for a prompt of Countersign's.
	prompting  = 1000.0
	longPrompt = "tone_stream://%(20000,0,1000)"
	// deadMan is short, for tests. FreeSWITCH counts in whole seconds, so that the switch fires up to a second early.
	deadMan = 4 * time.Second
	// silentHost is how long a host that does not answer is waited for, at the least
	// (docs/freeswitch.md#when-we-are-gone).
	silentHost = 3 * time.Second
	// atOnce is the promise for a caller whose Countersign has crashed.
	atOnce = 5 * time.Second
)

// awaySite is the shipped dialplan with a short dead-man time.
type awaySite struct{ *freeSWITCH }

// TestCallersReachAPersonWhenCountersignIsAway runs the shipped dialplan, unchanged, against every way in which
// Countersign can be gone.
func TestCallersReachAPersonWhenCountersignIsAway(t *testing.T) {
	t.Parallel()
	a := &awaySite{startFreeSWITCH(t, options{
		Variables: map[string]string{"countersign_deadman": fmt.Sprint(int(deadMan.Seconds()))},
	})}
	// One after the other, because they change the same global variable.
	for _, s := range []scenario{
		{"nothing listens on the port", a.nothingListens},
		{"the first of two hosts is down", a.firstOfTwoIsDown},
		{"it accepts the call and never speaks", a.neverSpeaks},
		{"it answers and then hangs, and is killed later", a.answersAndHangs},
		{"it dies in the middle of a prompt", a.diesInAPrompt},
		{"it dies after it has handed the call on", a.diesAfterwards},
		{"it dies while a secret is being keyed", a.diesWhileKeying},
	} {
		t.Run(s.name, s.run)
	}
}

// at is where the calls to come find Countersign.
func (a *awaySite) at(t *testing.T, address string) {
	t.Helper()
	a.Set(t, "countersign_socket", address)
}

func (a *awaySite) isUnavailable(t *testing.T, r callRecord) {
	t.Helper()
	assert.Equal(t, "none", r.Variables["cs_status"])
	assert.Equal(t, "unavailable", r.Variables["cs_reason"])
	assert.Equal(t, "0", r.Variables["cs_level"])
	assert.Empty(t, r.Variables["socket_resume"])
	assert.Empty(t, r.Variables["sensitive_dtmf"])
	assert.Equal(t, 1, r.Ran("transfer", "agents XML default"), "handed on exactly once: %+v", r.AppLog)
}

func (a *awaySite) nothingListens(t *testing.T) {
	a.at(t, fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	c := callWithSIPp(t, a.freeSWITCH, dial{})
	c.AwaitAt(t, "default", "agents", atOnce)
	c.Hears(t, ringing, heardWithin)
	r := c.Record(t)
	a.isUnavailable(t, r)
	assert.Less(t, r.RanAt(t, "transfer", "agents XML default"), time.Second)
}

func (a *awaySite) firstOfTwoIsDown(t *testing.T) {
	second := listenAndSay(t, connect, execute("answer", ""), execute("playback", longPrompt))
	hosts := fmt.Sprintf("127.0.0.1:%d|%s", freePort(t), second.Addr)
	a.at(t, hosts)
	c := callWithSIPp(t, a.freeSWITCH, dial{})
	c.Hears(t, prompting, heardWithin)
	r := c.Record(t)
	socket := r.RanAt(t, "socket", hosts+" async")
	assert.Less(t, r.RanAt(t, "playback", longPrompt)-socket, silentHost, "a host that refuses is not waited for")
}

func (a *awaySite) neverSpeaks(t *testing.T) {
	s := listenAndSay(t)
	a.at(t, s.Addr)
	c := callWithSIPp(t, a.freeSWITCH, dial{})
	c.AwaitAt(t, "default", "agents", deadMan+atOnce)
	c.Hears(t, ringing, heardWithin)
	r := c.Record(t)
	a.isUnavailable(t, r)
	assert.InDelta(t, deadMan.Seconds(), r.RanAt(t, "transfer", "agents XML default").Seconds(), 1.5)
}

func (a *awaySite) answersAndHangs(t *testing.T) {
	s := listenAndSay(t, connect, execute("answer", ""), execute("set", "sensitive_dtmf=true"),
		execute("playback", longPrompt))
	a.at(t, s.Addr)
	c := callWithSIPp(t, a.freeSWITCH, dial{})
	c.Hears(t, prompting, atOnce)
	c.AwaitAt(t, "default", "agents", deadMan+atOnce)
	s.HangUpOnAll() // somebody restarts it: this must not take the caller from the agent
	c.GoesOnHearing(t, ringing, time.Now().Add(ringsWithin))
	r := c.Record(t)
	a.isUnavailable(t, r)
	assert.InDelta(t, deadMan.Seconds(), r.RanAt(t, "transfer", "agents XML default").Seconds(), 1.5)
}

func (a *awaySite) diesInAPrompt(t *testing.T) {
	s := listenAndSay(t, connect, execute("answer", ""), execute("playback", longPrompt))
	a.at(t, s.Addr)
	c := callWithSIPp(t, a.freeSWITCH, dial{})
	c.Hears(t, prompting, atOnce)
	s.HangUpOnAll()
	c.AwaitAt(t, "default", "agents", atOnce)
	// The dead-man switch must be off: the agent is still there long after it would have fired.
	c.GoesOnHearing(t, ringing, c.Began.Add(deadMan+ringsWithin))
	r := c.Record(t)
	a.isUnavailable(t, r)
	assert.Equal(t, 1, r.Ran("transfer", "countersign-unavailable XML countersign"))
}

func (a *awaySite) diesAfterwards(t *testing.T) {
	s := listenAndSay(t, connect, execute("answer", ""), execute("sched_cancel", ""),
		execute("multiset", "cs_status=verified cs_level=2"),
		execute("unset", "socket_resume"), // without this one the caller ends in silence here
		execute("transfer", "agents XML default"))
	a.at(t, s.Addr)
	c := callWithSIPp(t, a.freeSWITCH, dial{})
	c.AwaitAt(t, "default", "agents", atOnce)
	s.HangUpOnAll()
	c.GoesOnHearing(t, ringing, c.Began.Add(deadMan+ringsWithin))
	r := c.Record(t)
	assert.Equal(t, "verified", r.Variables["cs_status"])
	assert.Equal(t, 1, r.Ran("transfer", "agents XML default"))
}

func (a *awaySite) diesWhileKeying(t *testing.T) {
	const secret = "9173"
	s := listenAndSay(t, connect, execute("answer", ""), execute("set", "sensitive_dtmf=true"),
		execute("play_and_get_digits", "6 6 1 9000 # silence_stream://100 silence_stream://10 cs_digits '' 9000"))
	a.at(t, s.Addr)
	c := callWithSIPp(t, a.freeSWITCH, dial{})
	a.calls.await(t, c.ID, "collecting digits", atOnce,
		func(s sighting) bool { return s.Application == "play_and_get_digits" })
	c.Press(secret)
	s.HangUpOnAll()
	c.Hears(t, ringing, heardWithin)
	r := c.Record(t)
	a.isUnavailable(t, r)
	assert.Empty(t, r.Variables["cs_digits"])
	assert.Equal(t, "none", r.Variables["digits_dialed"])
}
