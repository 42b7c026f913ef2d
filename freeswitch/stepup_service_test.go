package freeswitch_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// steppingLine verifies by PIN, and by the authenticator's code when more is needed.
const steppingLine = `format: 1
line: default
numbers: ["*"]
identify:
  - ani: {}
  - number: {name: account, digits: 6-10}
verify:
  level: 2
  questions:
    - pin: {digits: 4-6}
    - totp: {}
routes:
  verified: desk XML public
  identified: agents XML default
  unidentified: agents XML default
`

// silentWithin is how long a caller may be silent before they are given up: three prompts, the later ones with twice the time.
const silentWithin = 90 * time.Second

// deskDialplan leads a verified caller to the agent whose port the caller's INVITE names; the dead-man time is in the dialled number.
var deskDialplan = map[string]string{
	"public/91_desk.xml": `<extension name="desk"><condition field="destination_number" expression="^desk$">
<action application="set" data="hangup_after_bridge=true"/>
<action application="bridge" data="sofia/harness/agent@127.0.0.1:${sip_h_X-Agent}"/>
</condition></extension>` + extraDialplan["public/90_ways.xml"],
}

// TestAnAgentAsksTheRealServiceForMore is a step-up from the HTTP API to the agent's ear, on the real program and a real FreeSWITCH.
func TestAnAgentAsksTheRealServiceForMore(t *testing.T) {
	t.Parallel()
	s := startStepUpSite(t, options{Files: deskDialplan})
	var customers []customer
	for i := range 6 {
		customers = append(customers, customer{
			ID: fmt.Sprintf("S-%d", i), Name: "Ada Lovelace", Phones: fmt.Sprintf("+1555123100%d", i), Account: fmt.Sprintf("20004%d", i), PIN: "246813",
			TOTP: strings.Repeat("JBSWY3DPEHPK3PXP", 2),
		})
	}
	start := func(t *testing.T) *service {
		t.Helper()
		return startService(t, serviceOptions{Customers: customers, Line: steppingLine, FreeSWITCH: s.freeSWITCH})
	}
	healthy := start(t)

	code := func(t *testing.T) string {
		t.Helper()
		c, err := totp.GenerateCode(customers[0].TOTP, time.Now())
		require.NoError(t, err)
		return c
	}
	wrong := func(t *testing.T) string {
		t.Helper()
		c := code(t)
		return string('0'+(c[0]-'0'+5)%10) + c[1:]
	}
	// begins has a customer verify by PIN, talk to an agent, and be taken out by the API.
	begins := func(t *testing.T, v *service, who int, deadMan time.Duration) (k *talk, from int) {
		t.Helper()
		a := startAgent(t)
		c := callWithSIPp(t, s.freeSWITCH, dial{From: customers[who].Phones, To: v.Number(deadMan), Headers: []string{fmt.Sprintf("X-Agent: %d", a.Port)}})
		c.AwaitAsked(t, "ask-pin", 1, askedWithin)
		c.Press("246813#")
		c.AwaitAt(t, "public", "desk", saidWithin)
		a.phone.sing(agentSings)
		k = &talk{Caller: c, Agent: a, ID: strings.TrimSpace(s.API(t, "uuid_getvar "+c.Leg(t)+" cs_call")), site: s}
		k.HearEachOther(t)
		recording, keys := a.phone.heardSo()
		require.Empty(t, keys)
		require.Equal(t, http.StatusAccepted, v.stepUp(t, k.ID))
		c.AwaitAsked(t, "ask-totp", 1, askedWithin)
		return k, len(recording)
	}
	// ends is what the talk has to be like again, however it went.
	ends := func(t *testing.T, k *talk, from int, want result) {
		t.Helper()
		k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", silentWithin)
		k.HearEachOther(t)
		k.Agent.heardNoKeys(t, from, "during the step-up and after it")
		k.Caller.HangUp()
		k.Agent.AwaitOver(t, hangUpWithin)
		r := k.Caller.Record(t)
		assert.Equal(t, want, r.result())
		assert.Equal(t, 0, r.Ran("transfer", "agents XML default"), "nobody else was called: %+v", r.AppLog)
		assert.Equal(t, "none", r.Variables["digits_dialed"])
		for _, gone := range []string{"cs_need_level", "cs_return", "cs_agent_leg", "api_reporting_hook", "sensitive_dtmf", "socket_resume", "cs_digits"} {
			assert.NotContains(t, r.Variables, gone)
		}
	}
	still := func(who int, reason string) result {
		return result{Status: "verified", Level: "2", Reason: reason, Methods: "ani,pin", Customer: customers[who].ID}
	}

	t.Run("the right code", func(t *testing.T) {
		t.Parallel()
		events := subscribe(t, healthy)
		k, from := begins(t, healthy, 0, time.Minute)
		assert.Equal(t, http.StatusConflict, healthy.stepUp(t, k.ID), "one step-up at a time")
		k.Caller.Press(code(t) + "#")
		ends(t, k, from, result{Status: "verified", Level: "3", Reason: "ok", Methods: "ani,pin,totp", Customer: "S-0"})
		assert.Equal(t, http.StatusNotFound, healthy.stepUp(t, k.ID), "the call is over")
		j := events.Stored(t, k.Caller.Record(t).Variables["cs_call"])
		j.inOrder(t)
		assert.Equal(t, 3, fact[event.StepUpRequested](t, j).Level)
		assert.Equal(t, 3, fact[event.Verified](t, j).Level)
		assert.Contains(t, j.Story(), "routed returned to countersign-rejoin XML countersign")
	})
	t.Run("wrong codes", func(t *testing.T) {
		t.Parallel()
		events := subscribe(t, healthy)
		k, from := begins(t, healthy, 1, time.Minute)
		for nth := range 5 { // policy.md: the tries of an authenticator
			if nth > 0 {
				k.Caller.AwaitAsked(t, "ask-totp-again", nth, askedWithin)
			}
			k.Caller.Press(wrong(t))
		}
		ends(t, k, from, still(1, "wrong_answer"))
		j := events.Stored(t, k.Caller.Record(t).Variables["cs_call"])
		assert.Contains(t, j.Story(), "step_finished totp failed wrong_answer rejected rejected rejected rejected rejected")
	})
	t.Run("silence", func(t *testing.T) {
		t.Parallel()
		k, from := begins(t, healthy, 2, 2*time.Minute)
		ends(t, k, from, still(2, "no_input"))
	})
	t.Run("the service is killed in mid-entry", func(t *testing.T) {
		t.Parallel()
		doomed := start(t)
		k, from := begins(t, doomed, 3, time.Minute)
		k.Caller.Press(code(t)[:3])
		doomed.Kill(t)
		k.Caller.Press(code(t)[3:])
		ends(t, k, from, still(3, "unavailable"))
	})
	t.Run("the service hangs in mid-entry, and goes on later", func(t *testing.T) {
		t.Parallel()
		const tooLong = 20 * time.Second // the first of the two passes must be over before
		hung := start(t)
		k, from := begins(t, hung, 4, tooLong)
		k.Caller.Press(code(t)[:3])
		hung.Signal(t, syscall.SIGSTOP)
		k.Caller.AwaitAt(t, "countersign", "countersign-rejoin", tooLong+atOnce)
		k.HearEachOther(t)
		hung.Signal(t, syscall.SIGCONT) // it finds a call that is not its own any more
		k.Caller.GoesOnHearing(t, agentSings, time.Now().Add(2*ringsWithin))
		ends(t, k, from, still(4, "unavailable"))
	})
	t.Run("the caller hangs up in mid-entry", func(t *testing.T) {
		t.Parallel()
		k, _ := begins(t, healthy, 5, time.Minute)
		k.Caller.Press(code(t)[:3])
		k.Agent.StillThere(t)
		k.Caller.HangUp()
		k.Agent.AwaitOver(t, atOnce)
	})
}

// stepUp asks the service's HTTP API for level 3, and returns its status.
func (s *service) stepUp(t testing.TB, call string) (status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.API+"/v1/calls/"+call+"/step-up", strings.NewReader(`{"level": 3}`))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.Key)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	return answer.StatusCode
}
