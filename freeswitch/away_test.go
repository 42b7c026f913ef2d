package freeswitch_test

import (
	"fmt"
	"strings"
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
	// atOnce is the promise for a caller whose Countersign has crashed.
	atOnce = 5 * time.Second
)

// TestCallersReachAPersonWhenCountersignIsAway runs the shipped dialplan, unchanged, against every way in which Countersign can be gone.
func TestCallersReachAPersonWhenCountersignIsAway(t *testing.T) {
	t.Parallel()
	f := startFreeSWITCH(t, options{Variables: map[string]string{"countersign_deadman": fmt.Sprint(int(deadMan.Seconds()))}})
	// The cases run one after the other, because they change the same global variable.
	at := func(t *testing.T, address string) { f.Set(t, "countersign_socket", address) }

	isUnavailable := func(t *testing.T, r callRecord) {
		t.Helper()
		assert.Equal(t, "none", r.Variables["cs_status"])
		assert.Equal(t, "unavailable", r.Variables["cs_reason"])
		assert.Equal(t, "0", r.Variables["cs_level"])
		assert.Empty(t, r.Variables["socket_resume"])
		assert.Empty(t, r.Variables["sensitive_dtmf"])
		assert.Equal(t, 1, r.Ran("transfer", "agents XML default"), "handed on exactly once: %+v", r.AppLog)
	}

	t.Run("nothing listens on the port", func(t *testing.T) {
		at(t, fmt.Sprintf("127.0.0.1:%d", freePort(t)))
		c := callWithSIPp(t, f, dial{})
		c.AwaitAt(t, "default", "agents", atOnce)
		c.Hears(t, ringing, ringsWithin)
		r := c.Record(t)
		isUnavailable(t, r)
		assert.Less(t, r.RanAt(t, "transfer", "agents XML default"), time.Second)
	})

	t.Run("the first of two hosts is down", func(t *testing.T) {
		second := listenAndSay(t, connect, execute("answer", ""), execute("playback", longPrompt))
		at(t, fmt.Sprintf("127.0.0.1:%d|%s", freePort(t), second.Addr))
		c := callWithSIPp(t, f, dial{})
		c.Hears(t, prompting, atOnce)
		assert.Less(t, c.FirstSound(), time.Second)
	})

	t.Run("it accepts the call and never speaks", func(t *testing.T) {
		s := listenAndSay(t)
		at(t, s.Addr)
		c := callWithSIPp(t, f, dial{})
		c.AwaitAt(t, "default", "agents", deadMan+atOnce)
		c.Hears(t, ringing, ringsWithin)
		r := c.Record(t)
		isUnavailable(t, r)
		assert.InDelta(t, deadMan.Seconds(), r.RanAt(t, "transfer", "agents XML default").Seconds(), 1.5)
	})

	t.Run("it answers and then hangs, and is killed later", func(t *testing.T) {
		s := listenAndSay(t, connect, execute("answer", ""), execute("set", "sensitive_dtmf=true"), execute("playback", longPrompt))
		at(t, s.Addr)
		c := callWithSIPp(t, f, dial{})
		c.Hears(t, prompting, atOnce)
		c.AwaitAt(t, "default", "agents", deadMan+atOnce)
		s.HangUpOnAll() // somebody restarts it: this must not take the caller from the agent
		c.GoesOnHearing(t, ringing, time.Now().Add(ringsWithin))
		r := c.Record(t)
		isUnavailable(t, r)
		assert.InDelta(t, deadMan.Seconds(), r.RanAt(t, "transfer", "agents XML default").Seconds(), 1.5)
	})

	t.Run("it dies in the middle of a prompt", func(t *testing.T) {
		s := listenAndSay(t, connect, execute("answer", ""), execute("playback", longPrompt))
		at(t, s.Addr)
		c := callWithSIPp(t, f, dial{})
		c.Hears(t, prompting, atOnce)
		s.HangUpOnAll()
		c.AwaitAt(t, "default", "agents", atOnce)
		// The dead-man switch must be off: the agent is still there long after it would have fired.
		c.GoesOnHearing(t, ringing, c.Began.Add(deadMan+ringsWithin))
		r := c.Record(t)
		isUnavailable(t, r)
		assert.Equal(t, 1, r.Ran("transfer", "countersign-unavailable XML countersign"))
	})

	t.Run("it dies after it has handed the call on", func(t *testing.T) {
		s := listenAndSay(t, connect, execute("answer", ""), execute("sched_cancel", ""), execute("multiset", "cs_status=verified cs_level=2"),
			execute("unset", "socket_resume"), // without this one the caller ends in silence here
			execute("transfer", "agents XML default"))
		at(t, s.Addr)
		c := callWithSIPp(t, f, dial{})
		c.AwaitAt(t, "default", "agents", atOnce)
		s.HangUpOnAll()
		c.GoesOnHearing(t, ringing, c.Began.Add(deadMan+ringsWithin))
		r := c.Record(t)
		assert.Equal(t, "verified", r.Variables["cs_status"])
		assert.Equal(t, 1, r.Ran("transfer", "agents XML default"))
	})

	t.Run("it dies while a secret is being keyed", func(t *testing.T) {
		const secret = "9173"
		s := listenAndSay(t, connect, execute("answer", ""), execute("set", "sensitive_dtmf=true"),
			execute("play_and_get_digits", "6 6 1 9000 # silence_stream://100 silence_stream://10 cs_digits '' 9000"))
		at(t, s.Addr)
		c := callWithSIPp(t, f, dial{})
		f.calls.await(t, c.ID, "collecting digits", atOnce, func(s sighting) bool { return s.Application == "play_and_get_digits" })
		c.Press(secret)
		s.HangUpOnAll()
		c.Hears(t, ringing, ringsWithin)
		r := c.Record(t)
		isUnavailable(t, r)
		assert.Empty(t, r.Variables["cs_digits"])
		assert.Equal(t, "none", r.Variables["digits_dialed"])
	})
}

// TestCallersCannotSayWhatCountersignFound sends what Countersign would send to an agent's telephone, from outside.
func TestCallersCannotSayWhatCountersignFound(t *testing.T) {
	t.Parallel()
	f := startFreeSWITCH(t, options{
		Variables: map[string]string{"countersign_agents": "desk XML default"},
		Files: map[string]string{
			"default/90_desk.xml": `<extension name="desk"><condition field="destination_number" expression="^desk$"><action application="bridge" data="sofia/harness/desk-phone@${sip_local_network_addr}:${sip_to_port}"/></condition></extension>`,
			"public/90_phone.xml": `<extension name="phone"><condition field="destination_number" expression="^desk-phone$"><action application="answer"/><action application="playback" data="tone_stream://%(1000,0,1000);loops=20"/></condition></extension>`,
		},
	})
	f.Set(t, "countersign_socket", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	c := callWithSIPp(t, f, dial{Headers: []string{
		"X-Countersign-Status: verified", "X-Countersign-Level: 3", "x-countersign-customer: 4711", "X-Countersign-Call: forged", "X-Countersign-Token: forged", "X-Other: kept",
	}})
	c.Hears(t, prompting, atOnce)
	c.Record(t)
	agent := f.recordWhere(t, "of the agent's telephone", func(r callRecord) bool {
		return r.Variables["direction"] == "inbound" && r.Variables["sip_to_user"] == "desk-phone"
	})
	assert.Equal(t, "kept", agent.Variables["sip_h_X-Other"], "FreeSWITCH does copy headers; if this fails, the test proves nothing")
	assert.Equal(t, "none", agent.Variables["sip_h_X-Countersign-Status"])
	assert.Equal(t, "0", agent.Variables["sip_h_X-Countersign-Level"])
	for name, value := range agent.Variables {
		for _, h := range []string{"Customer", "Call", "Token"} {
			assert.False(t, strings.EqualFold(name, "sip_h_X-Countersign-"+h), "%s: %s", name, value)
		}
	}
}
