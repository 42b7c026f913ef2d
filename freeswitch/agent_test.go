package freeswitch_test

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// agent is a person's telephone that answers one call, records what it hears, and may sing.
type agent struct {
	// Port is where it waits for the call.
	Port  int
	phone *telephone

	sipp *sippProcess
	over <-chan struct{}
}

// startAgent waits for a call. It hangs up when the test ends.
func startAgent(t testing.TB) *agent {
	t.Helper()
	needSIPp(t)
	a := &agent{phone: newTelephone(t)}
	a.sipp = startSIPp(t, "the agent", "agent.xml", "127.0.0.1:9", map[string]any{"MediaPort": a.phone.port()})
	a.Port, a.over = a.sipp.Port, a.sipp.over
	talking := make(chan struct{})
	go func() {
		defer close(talking)
		defer a.phone.hangUp()
		if port, _ := a.answered(); port != 0 {
			a.phone.connect(port)
		}
		<-a.over
	}()
	t.Cleanup(func() {
		if _, id := a.signalled(); id == "" { // nobody has called
			_ = a.sipp.process.Kill()
		}
		a.HangUp()
		a.sipp.end(t, talking)
	})
	require.Eventually(t, func() bool {
		b, _ := os.ReadFile("/proc/net/udp")
		return bytes.Contains(b, fmt.Appendf(nil, ":%04X ", a.Port))
	}, answerWithin, poll)
	return a
}

var signalled = regexp.MustCompile(`media ([0-9]+) id ([^ ]+) `)

// signalled is what SIPp has written down about the call: the port to send sound to, and the Call-ID.
func (a *agent) signalled() (port int, id string) {
	b, _ := os.ReadFile(a.sipp.log())
	m := signalled.FindSubmatch(b)
	if m == nil {
		return 0, ""
	}
	port, _ = strconv.Atoi(string(m[1]))
	return port, string(m[2])
}

// answered waits for the call.
func (a *agent) answered() (port int, id string) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if port, id := a.signalled(); port != 0 {
			return port, id
		}
		select {
		case <-a.over:
			return 0, ""
		case <-tick.C:
		}
	}
}

// HangUp has the agent put the receiver down.
func (a *agent) HangUp() {
	if _, id := a.signalled(); id != "" {
		sayHangUp(a.Port, id)
	}
}

// Hears waits for a tone.
func (a *agent) Hears(t testing.TB, hz float64, within time.Duration) {
	t.Helper()
	require.True(t, a.phone.hear(hz, within), "the agent heard no tone of %v Hz in %s", hz, within)
}

// AwaitOver waits until the agent's call has ended, whoever ended it.
func (a *agent) AwaitOver(t testing.TB, within time.Duration) {
	t.Helper()
	select {
	case <-a.over:
	case <-time.After(within):
		require.Fail(t, "the agent's call goes on", "after %s", within)
	}
}

// StillThere makes sure that the agent's call has not ended.
func (a *agent) StillThere(t testing.TB) {
	t.Helper()
	select {
	case <-a.over:
		require.Fail(t, "the agent's call has ended")
	default:
	}
}

// heardNoKeys makes sure that from a point of the recording on the agent heard no tone of a key, and returns the point
// where it ends.
func (a *agent) heardNoKeys(t testing.TB, from int, what string) {
	t.Helper()
	recording, keys := a.phone.heardSo()
	assert.Empty(t, keys, "%s: the agent's telephone was told of keys (RFC 4733)", what)
	require.Greater(t, len(recording), from, "%s: the agent's telephone got sound at all", what)
	assert.Empty(t, keyTones(recording[from:]), "%s: the agent heard tones of keys", what)
}
