package freeswitch_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"countersign/internal/programtest"

	"github.com/stretchr/testify/require"
)

// site is a FreeSWITCH with the shipped configuration and the real service behind the number 5000, and a subscriber of
// its events.
type site struct {
	*freeSWITCH
	Service *service
	Events  *published
}

// extraDialplan is what the tests dial besides the shipped 5000. Each leads into the shipped context:
//   - via-PORT-SECONDS: a service on a port of its own, with a dead-man switch of its own; as channel variables, so
//     that calls do not disturb each other.
//   - 5000-desk: the usual service, but its route "menu" is a telephone on a leg of its own, desk-phone.
var extraDialplan = map[string]string{
	"public/90_ways.xml": `
<extension name="via"><condition field="destination_number" expression="^via-([0-9]+)-([0-9]+)$">
<action application="set" data="countersign_socket=127.0.0.1:$1"/>
<action application="set" data="countersign_deadman=$2"/>
<action application="transfer" data="5000 XML countersign"/>
</condition></extension>
<extension name="to-a-desk"><condition field="destination_number" expression="^5000-desk$">
<action application="set" data="test_desk=yes"/>
<action application="transfer" data="5000 XML countersign"/>
</condition></extension>
<extension name="phone"><condition field="destination_number" expression="^desk-phone$">
<action application="answer"/>
<action application="playback" data="tone_stream://%(1000,0,1000);loops=20"/>
</condition></extension>`,
	"default/00_a_desk.xml": `
<extension name="desk"><condition field="${test_desk}" expression="^yes$"/>
<condition field="destination_number" expression="^menu$">
<action application="bridge" data="sofia/harness/desk-phone@${sip_local_network_addr}:${sip_to_port}"/>
</condition></extension>`,
}

// startSite skips the test if anything for it is missing.
func startSite(t testing.TB, o serviceOptions) *site {
	t.Helper()
	return startSiteWith(t, o, nil)
}

// startSiteWith has more dialplan files.
func startSiteWith(t testing.TB, o serviceOptions, dialplan map[string]string) *site {
	t.Helper()
	return startSiteOn(t, o, options{Files: dialplan})
}

// startSiteOn has a FreeSWITCH that an operator has changed.
func startSiteOn(t testing.TB, o serviceOptions, f options) *site {
	t.Helper()
	findFreeSWITCH(t)
	needSIPp(t)
	s := &site{Service: startService(t, o)}
	files := maps.Clone(extraDialplan)
	maps.Copy(files, f.Files)
	f.Files, f.Variables = files, map[string]string{"countersign_socket": s.Service.Address()}
	s.freeSWITCH = startFreeSWITCH(t, f)
	s.Events = subscribe(t, s.Service)
	return s
}

// turns are for tests that keep the cores busy by themselves, with speech or many calls at once: two at a time. A
// FreeSWITCH that does not get to run every 20 ms loses keys and words, in whatever test it is.
var turns = make(chan struct{}, 2)

// takeTurn waits for a turn, which ends with the test.
func takeTurn(t testing.TB) {
	t.Helper()
	select {
	case turns <- struct{}{}:
		t.Cleanup(func() { <-turns })
	case <-time.After(turnWithin):
		require.Fail(t, "the other tests that keep the cores busy do not end")
	}
}

// turnWithin is longer than all of them take together on a busy machine.
const turnWithin = time.Hour

func needSIPp(t testing.TB) string {
	t.Helper()
	return programtest.Find(t, "sipp")
}

// result is what a call has to have on it when it has been handed on.
type result struct{ Status, Level, Reason, Methods, Customer string }

func (r callRecord) result() result {
	v := r.Variables
	return result{Status: v["cs_status"], Level: v["cs_level"], Reason: v["cs_reason"], Methods: v["cs_methods"],
		Customer: v["cs_customer"]}
}

// unavailable is what the dialplan says when the service does not.
var unavailable = result{Status: "none", Level: "0", Reason: "unavailable"}

// log is FreeSWITCH's log so far.
func (s *site) log(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.LogDir, "freeswitch.log"))
	require.NoError(t, err)
	return string(b)
}
