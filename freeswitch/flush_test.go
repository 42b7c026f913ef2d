package freeswitch_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestKeysThatAreThrownAwayAreWrittenDownByFlushAndNotBySilence is why the service plays silence before flush_dtmf:
// FreeSWITCH writes what that throws away into digits_dialed, which is in every call record, however sensitive it is.
// Silence that is played takes keys out of the queue as any prompt does. The application sleep, in front of it, ends
// with the first key and leaves it in the queue.
func TestKeysThatAreThrownAwayAreWrittenDownByFlushAndNotBySilence(t *testing.T) {
	t.Parallel()
	f := startFreeSWITCH(t, options{})
	dialled := func(t *testing.T, throwAway string) string {
		t.Helper()
		s := listenAndSay(t, connect, execute("answer", ""), execute("multiset", "^^|sensitive_dtmf=true"),
			execute("sleep", "5000"), throwAway, execute("hangup", ""))
		f.Set(t, "countersign_socket", s.Addr)
		c := callWithSIPp(t, f, dial{Keys: []keys{{After: 300 * time.Millisecond, Digits: "7"}}})
		c.AwaitOver(t, 20*time.Second)
		return c.Record(t).Variables["digits_dialed"]
	}
	assert.Equal(t, "none", dialled(t, execute("playback", "silence_stream://40")))
	assert.Equal(t, "7", dialled(t, execute("flush_dtmf", "")),
		"this FreeSWITCH is better than that: flush_dtmf would do alone")
}
