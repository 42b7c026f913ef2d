package freeswitch_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

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

// silentWithin is how long a caller may be silent before they are given up: three prompts, the later ones with twice
// the time.
const silentWithin = 90 * time.Second

// deskDialplan leads a verified caller to the agent whose port the caller's INVITE names; the dead-man time is in the
// dialled number.
var deskDialplan = map[string]string{
	"public/91_desk.xml": `<extension name="desk"><condition field="destination_number" expression="^desk$">
<action application="set" data="hangup_after_bridge=true"/>
<action application="bridge" data="sofia/harness/agent@127.0.0.1:${sip_h_X-Agent}"/>
</condition></extension>` + extraDialplan["public/90_ways.xml"],
}

// desk is a FreeSWITCH whose verified callers talk to an agent, and a service that is well.
type desk struct {
	*stepUpSite
	customers []customer
	healthy   *service
}

func startDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{stepUpSite: startStepUpSite(t, options{Files: deskDialplan})}
	for i := range 6 {
		d.customers = append(d.customers, customer{
			ID: fmt.Sprintf("S-%d", i), Name: "Ada Lovelace", Phones: fmt.Sprintf("+1555123100%d", i),
			Account: fmt.Sprintf("20004%d", i), PIN: "246813", TOTP: strings.Repeat("JBSWY3DPEHPK3PXP", 2),
		})
	}
	d.healthy = d.start(t)
	return d
}

func (d *desk) start(t *testing.T) *service {
	t.Helper()
	return startService(t, serviceOptions{Customers: d.customers, Line: steppingLine, FreeSWITCH: d.freeSWITCH})
}

// code is what the customers' authenticators show now.
func (d *desk) code(t *testing.T) string {
	t.Helper()
	c, err := totp.GenerateCode(d.customers[0].TOTP, time.Now())
	require.NoError(t, err)
	return c
}

func (d *desk) wrongCode(t *testing.T) string {
	t.Helper()
	c := d.code(t)
	return string('0'+(c[0]-'0'+5)%10) + c[1:]
}

// begins has a customer verify by PIN, talk to an agent, and be taken out by the API.
func (d *desk) begins(t *testing.T, v *service, who int, deadMan time.Duration) (k *talk, from int) {
	t.Helper()
	a := startAgent(t)
	c := callWithSIPp(t, d.freeSWITCH, dial{
		From: d.customers[who].Phones, To: v.Number(deadMan), Headers: []string{fmt.Sprintf("X-Agent: %d", a.Port)},
	})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("246813#")
	c.AwaitAt(t, "public", "desk", saidWithin)
	a.phone.sing(agentSings)
	id := strings.TrimSpace(d.API(t, "uuid_getvar "+c.Leg(t)+" cs_call"))
	k = &talk{Caller: c, Agent: a, ID: id, site: d.stepUpSite}
	k.HearEachOther(t)
	recording, keys := a.phone.heardSo()
	require.Empty(t, keys)
	require.Equal(t, http.StatusAccepted, v.stepUp(t, k.ID))
	c.AwaitAsked(t, "ask-totp", 1, askedWithin)
	return k, len(recording)
}

// ends is what the talk has to be like again, however it went.
func (d *desk) ends(t *testing.T, k *talk, from int, want result) {
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
	for _, gone := range []string{
		"cs_need_level", "cs_return", "cs_agent_leg", "api_reporting_hook", "sensitive_dtmf", "socket_resume", "cs_digits",
	} {
		assert.NotContains(t, r.Variables, gone)
	}
}

// still is what a customer's call carries after a step-up that came to nothing.
func (d *desk) still(who int, reason string) result {
	return result{Status: "verified", Level: "2", Reason: reason, Methods: "ani,pin", Customer: d.customers[who].ID}
}

// stepUp asks the service's HTTP API for level 3, and returns its status.
func (s *service) stepUp(t testing.TB, call string) (status int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.API+"/v1/calls/"+call+"/step-up",
		strings.NewReader(`{"level": 3}`))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.Key)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	return answer.StatusCode
}
