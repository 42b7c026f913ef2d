package freeswitch_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// callWithOriginate has FreeSWITCH call itself, over SIP and RTP as any caller would: a second implementation of
// telephone, keys and sound. Its keys are in FreeSWITCH's log, because FreeSWITCH sends them: leaks are looked for with
// callWithSIPp.
func callWithOriginate(t testing.TB, f *freeSWITCH, d dial) *call {
	t.Helper()
	d.defaults()
	id, leg := "cs-"+randomHex(), randomUUID()
	variables := []string{"origination_uuid=" + leg, "sip_invite_call_id=" + id, "originate_timeout=40",
		"origination_caller_id_number=" + d.From}
	if d.Hidden {
		variables = append(variables, "origination_privacy=hide_name:hide_number", "sip_cid_type=pid")
	}
	for _, h := range d.Headers {
		name, value, _ := strings.Cut(h, ":")
		variables = append(variables, fmt.Sprintf("sip_h_%s=%s", name, strings.TrimSpace(value)))
	}
	var script []string
	for _, k := range d.Keys {
		script = append(script, fmt.Sprintf("sleep:%d", k.After.Milliseconds()), "send_dtmf:"+k.Digits)
	}
	stay := talkAtMost
	if d.HangUpAfter > 0 {
		stay = d.HangUpAfter
		for _, k := range d.Keys { // the applications run one after the other
			stay -= k.After
		}
	}
	script = append(script, fmt.Sprintf("sleep:%d", max(stay, 0).Milliseconds()), "hangup")

	began := time.Now()
	_, _, err := f.conn.do(fmt.Sprintf("bgapi originate {%s}sofia/harness/%s@%s '%s' inline", strings.Join(variables, ","),
		d.To, f.SIP, strings.Join(script, ",")), apiWithin)
	require.NoError(t, err)
	over := make(chan struct{})
	c := &call{ID: id, Began: began, fs: f, over: over}
	c.hangUp = sync.OnceFunc(func() { f.API(t, "uuid_kill "+leg) })
	stop, watching := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watching)
		if f.calls.awaitEnd(id, stop) {
			close(over)
		}
	}()
	t.Cleanup(func() {
		c.hangUp()
		select {
		case <-over:
		case <-time.After(hangUpWithin):
			t.Errorf("call %s did not end in %s", id, hangUpWithin)
		}
		close(stop)
		<-watching
	})
	return c
}

func randomUUID() string {
	h := randomHex() + randomHex()
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
}
