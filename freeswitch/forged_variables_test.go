package freeswitch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestCallersCannotSayWhatCountersignFound sends what Countersign would send to an agent's telephone, from outside.
func TestCallersCannotSayWhatCountersignFound(t *testing.T) {
	t.Parallel()
	f := startFreeSWITCH(t, options{
		Variables: map[string]string{"countersign_agents": "desk XML default"},
		Files: map[string]string{
			"default/90_desk.xml": `<extension name="desk"><condition field="destination_number" expression="^desk$">
<action application="bridge" data="sofia/harness/desk-phone@${sip_local_network_addr}:${sip_to_port}"/>
</condition></extension>`,
			"public/90_phone.xml": `<extension name="phone"><condition field="destination_number" expression="^desk-phone$">
<action application="answer"/>
<action application="playback" data="tone_stream://%(1000,0,1000);loops=20"/>
</condition></extension>`,
		},
	})
	f.Set(t, "countersign_socket", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	c := callWithSIPp(t, f, dial{Headers: []string{
		"X-Countersign-Status: verified", "X-Countersign-Level: 3", "x-countersign-customer: 4711",
		"X-Countersign-Call: forged", "X-Countersign-Token: forged", "X-Other: kept",
	}})
	c.Hears(t, prompting, heardWithin)
	c.Record(t)
	agent := f.recordWhere(t, "of the agent's telephone", func(r callRecord) bool {
		return r.Variables["direction"] == "inbound" && r.Variables["sip_to_user"] == "desk-phone"
	})
	assert.Equal(t, "kept", agent.Variables["sip_h_X-Other"],
		"FreeSWITCH does copy headers; if this fails, the test proves nothing")
	assert.Equal(t, "none", agent.Variables["sip_h_X-Countersign-Status"])
	assert.Equal(t, "0", agent.Variables["sip_h_X-Countersign-Level"])
	for name, value := range agent.Variables {
		for _, h := range []string{"Customer", "Call", "Token"} {
			assert.False(t, strings.EqualFold(name, "sip_h_X-Countersign-"+h), "%s: %s", name, value)
		}
	}
}

// TestCallersCannotSetCountersignsVariables sends what looks like Countersign's variables, from outside.
func TestCallersCannotSetCountersignsVariables(t *testing.T) {
	t.Parallel()
	f := startFreeSWITCH(t, options{})
	f.Set(t, "countersign_socket", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	var headers []string
	for name, value := range map[string]string{
		"cs_status": "verified", "cs_need_level": "0", "cs_return": "menu XML default", "cs_agent_leg": randomUUID(),
		"cs_token": "forged", "cs_call": "forged",
	} {
		for _, prefix := range []string{"", "X-", "P-", "variable_", "sip_h_", "X-FS-"} {
			headers = append(headers, prefix+name+": "+value)
		}
	}
	c := callWithSIPp(t, f, dial{Headers: headers})
	c.AwaitAt(t, "default", "agents", atOnce)
	c.Hears(t, ringing, heardWithin)
	r := c.Record(t)
	assert.Equal(t, unavailable, r.result())
	assert.Contains(t, r.Variables, "sip_h_X-cs_status",
		"FreeSWITCH does keep headers; if this fails, the test proves nothing")
	for name := range r.Variables {
		if strings.HasPrefix(name, "cs_") {
			assert.Contains(t, []string{"cs_status", "cs_level", "cs_reason"}, name)
		}
	}
}
