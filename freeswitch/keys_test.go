package freeswitch_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestKeysReachTheSocketAndNothingElse is the harness's proof of itself: keys from a real caller arrive, by both ways
// of calling, and a secret that is collected as docs/freeswitch.md says is found nowhere that FreeSWITCH writes.
func TestKeysReachTheSocketAndNothingElse(t *testing.T) {
	t.Parallel()
	f := startFreeSWITCH(t, options{})
	const collect = "4 8 1 5000 # silence_stream://100 silence_stream://10 cs_digits '' 3000"
	plain := listenAndSay(t, connect, execute("answer", ""), execute("play_and_get_digits", collect),
		execute("hangup", ""))
	f.Set(t, "countersign_socket", plain.Addr)
	script := []keys{{After: 300 * time.Millisecond, Digits: "40817#"}}
	for name, place := range map[string]func(testing.TB, *freeSWITCH, dial) *call{"SIPp": callWithSIPp,
		"originate": callWithOriginate} {
		for _, hidden := range []bool{false, true} {
			c := place(t, f, dial{From: "+15551230042", Hidden: hidden, Keys: script})
			c.AwaitOver(t, 20*time.Second)
			r := f.record(t, c.ID)
			assert.Equal(t, "40817", r.Variables["cs_digits"], name)
			arrived := c.AwaitAt(t, "public", "5000", atOnce)
			assert.Equal(t, "+15551230042", arrived.Number, name)
			assert.Equal(t, hidden, arrived.Hidden, name)
		}
	}

	secret := listenAndSay(t, connect, execute("answer", ""), execute("set", "sensitive_dtmf=true"),
		execute("play_and_get_digits", collect),
		execute("unset", "cs_digits"), execute("unset", "cs_digits_invalid"), execute("hangup", ""))
	f.Set(t, "countersign_socket", secret.Addr)
	const canary = "86427531"
	hidden := callWithSIPp(t, f, dial{Hidden: true, Keys: []keys{{After: 300 * time.Millisecond, Digits: canary}}})
	hidden.AwaitOver(t, 20*time.Second)
	r := f.record(t, hidden.ID)
	require.Equal(t, "success", r.Variables["read_result"], "all eight digits arrived")
	assert.Equal(t, "anonymous", r.Variables["sip_from_user"])
	assert.Equal(t, "none", r.Variables["digits_dialed"])
	for name, b := range f.Written(t) {
		assert.False(t, bytes.Contains(b, []byte(canary)), "the secret is in %s", name)
	}
}
