package freeswitch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// paying is what the shipped extension "payments-decided" plays.
const paying = 880.0

// TestSelfServiceAsksForMore has a dialplan send callers to Countersign for a higher level, as the guide says, and looks at where they go on.
func TestSelfServiceAsksForMore(t *testing.T) {
	t.Parallel()
	// need-<port of the service>-<verified, or new>-<yes if it says where to go on, no, or example for the shipped one>
	f := startFreeSWITCH(t, options{Variables: map[string]string{"countersign_deadman": fmt.Sprint(int(deadMan.Seconds()))}, Files: map[string]string{
		"public/91_need.xml": `<extension name="need"><condition field="destination_number" expression="^need-([0-9]+)-([a-z]+)-([a-z]+)$">
<action application="set" data="countersign_socket=127.0.0.1:$1"/>
<action application="set" data="test_need=$2-$3"/>
<action application="transfer" data="transactions XML public"/>
</condition></extension>
<extension name="known"><condition field="${test_need}" expression="^verified-" break="never">
<action application="multiset" data="cs_call=earlier cs_status=verified cs_level=2 cs_reason=ok cs_methods=ani,pin cs_customer=C-1"/></condition>
<condition field="${test_need}" expression="-yes$" break="never"><action application="set" data="cs_return=menu XML default"/></condition>
<condition field="${test_need}" expression="-example$" break="never"><action application="transfer" data="payments XML default"/></condition>
<condition field="destination_number" expression="^transactions$">
<action application="set" data="cs_need_level=3"/>
<action application="transfer" data="stepup XML countersign"/>
</condition></extension>`,
	}})
	still := result{Status: "verified", Level: "2", Reason: "unavailable", Methods: "ani,pin", Customer: "C-1"}
	goesOn := func(t *testing.T, c *call, extension string, want result) {
		t.Helper()
		c.AwaitAt(t, "default", extension, deadMan+atOnce)
		c.Hears(t, map[string]float64{"menu": chiming, "agents": ringing}[extension], ringsWithin)
		r := c.Record(t)
		assert.Equal(t, want, r.result())
		for _, gone := range []string{"cs_need_level", "cs_return", "socket_resume", "sensitive_dtmf"} {
			assert.NotContains(t, r.Variables, gone)
		}
	}
	dialNeed := func(t *testing.T, port int, status, back string) *call {
		t.Helper()
		return callWithSIPp(t, f, dial{To: fmt.Sprintf("need-%d-%s-%s", port, status, back)})
	}

	t.Run("and gets it", func(t *testing.T) {
		t.Parallel()
		frames := append(asks(5*time.Second), handsOn("menu XML default", "verified", "3", "ok")...)
		c := dialNeed(t, listenAndSay(t, frames...).port(t), "verified", "yes")
		c.Hears(t, prompting, atOnce)
		c.Press("2718")
		goesOn(t, c, "menu", result{Status: "verified", Level: "3", Reason: "ok", Methods: "ani,pin", Customer: "C-1"})
	})
	for level, leadsTo := range map[string]float64{"3": paying, "2": ringing} {
		t.Run("with the shipped example, and comes to level "+level, func(t *testing.T) {
			t.Parallel()
			service := listenAndSay(t, append(asks(5*time.Second), handsOn("payments-decided XML default", "verified", level, "ok")...)...)
			c := dialNeed(t, service.port(t), "verified", "example")
			c.Hears(t, prompting, atOnce)
			c.Press("2718")
			c.Hears(t, leadsTo, ringsWithin)
			r := c.Record(t)
			assert.Equal(t, 1, r.Ran("multiset", "^^|cs_need_level=3|cs_return=payments-decided XML default"))
			assert.Equal(t, level, r.Variables["cs_level"])
		})
	}
	t.Run("with the shipped example, while Countersign is away", func(t *testing.T) {
		t.Parallel()
		c := dialNeed(t, freePort(t), "verified", "example")
		c.AwaitAt(t, "default", "payments-decided", atOnce)
		goesOn(t, c, "agents", still)
	})
	t.Run("while Countersign is away", func(t *testing.T) {
		t.Parallel()
		goesOn(t, dialNeed(t, freePort(t), "verified", "yes"), "menu", still)
	})
	t.Run("while Countersign crashes", func(t *testing.T) {
		t.Parallel()
		service := listenAndSay(t, asks(30*time.Second)...)
		c := dialNeed(t, service.port(t), "verified", "yes")
		c.Hears(t, prompting, atOnce)
		c.Press("27")
		service.HangUpOnAll()
		goesOn(t, c, "menu", still)
	})
	t.Run("while Countersign hangs", func(t *testing.T) {
		t.Parallel()
		c := dialNeed(t, listenAndSay(t, asks(30*time.Second)...).port(t), "verified", "yes")
		goesOn(t, c, "menu", still)
	})
	t.Run("without a place to go on, while Countersign is away", func(t *testing.T) {
		t.Parallel()
		goesOn(t, dialNeed(t, freePort(t), "verified", "no"), "agents", still)
	})
	t.Run("of somebody who was never verified, while Countersign is away", func(t *testing.T) {
		t.Parallel()
		goesOn(t, dialNeed(t, freePort(t), "new", "yes"), "menu", unavailable)
	})
}

// TestCallersCannotSetCountersignsVariables sends what looks like Countersign's variables, from outside.
func TestCallersCannotSetCountersignsVariables(t *testing.T) {
	t.Parallel()
	f := startFreeSWITCH(t, options{})
	f.Set(t, "countersign_socket", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	var headers []string
	for name, value := range map[string]string{
		"cs_status": "verified", "cs_need_level": "0", "cs_return": "menu XML default", "cs_agent_leg": randomUUID(), "cs_token": "forged", "cs_call": "forged",
	} {
		for _, prefix := range []string{"", "X-", "P-", "variable_", "sip_h_", "X-FS-"} {
			headers = append(headers, prefix+name+": "+value)
		}
	}
	c := callWithSIPp(t, f, dial{Headers: headers})
	c.AwaitAt(t, "default", "agents", atOnce)
	c.Hears(t, ringing, ringsWithin)
	r := c.Record(t)
	assert.Equal(t, unavailable, r.result())
	assert.Contains(t, r.Variables, "sip_h_X-cs_status", "FreeSWITCH does keep headers; if this fails, the test proves nothing")
	for name := range r.Variables {
		if strings.HasPrefix(name, "cs_") {
			assert.Contains(t, []string{"cs_status", "cs_level", "cs_reason"}, name)
		}
	}
}
