package freeswitch_test

import (
	"strings"
	"testing"
	"time"

	"countersign/internal/nettest"

	"github.com/stretchr/testify/assert"
)

// TestFreeSWITCHTriesItsHostsInOrder has three machines, and calls while some of them are gone in one way or another.
func TestFreeSWITCHTriesItsHostsInOrder(t *testing.T) {
	findFreeSWITCH(t)
	needSIPp(t)
	if !nettest.Alone(t) {
		return
	}
	network := nettest.New(t)
	network.Set("net.ipv4.tcp_syn_retries", "1")
	calls := network.Switch("calls", "10.77.1")
	f := startFreeSWITCH(t, options{})
	// call has the first ones of three hosts gone, and says how long FreeSWITCH took to reach the next one; the last byte of
	// the addresses begins with net.
	call := func(t *testing.T, net int, gone ...func(*nettest.Machine)) time.Duration {
		t.Helper()
		var hosts []string
		for i := range 3 {
			m := network.Machine("host")
			address := m.Plug(calls, net+i) + ":8084"
			hosts = append(hosts, address)
			if i >= len(gone) {
				say(t, m.Listen(address), connect, execute("answer", ""), execute("playback", longPrompt))
			} else {
				gone[i](m)
			}
		}
		f.Set(t, "countersign_socket", strings.Join(hosts, "|"))
		c := callWithSIPp(t, f, dial{})
		c.Hears(t, prompting, heardWithin)
		r := c.Record(t)
		took := r.RanAt(t, "playback", longPrompt) - r.RanAt(t, "socket", strings.Join(hosts, "|")+" async")
		t.Logf("prompted %s after FreeSWITCH began to try", took.Round(10*time.Millisecond))
		return took
	}
	refuses := func(*nettest.Machine) {}
	isSilent := func(m *nettest.Machine) { m.Silence(calls) }
	isUnplugged := func(m *nettest.Machine) { m.Cut(calls) }

	t.Run("all are there", func(t *testing.T) {
		assert.Less(t, call(t, 10), silentHost)
	})
	t.Run("two refuse", func(t *testing.T) {
		assert.Less(t, call(t, 20, refuses, refuses), silentHost)
	})
	t.Run("one does not answer", func(t *testing.T) {
		assert.InDelta(t, silentHost.Seconds(), call(t, 30, isSilent).Seconds(), 1.5)
	})
	t.Run("one is unplugged", func(t *testing.T) {
		assert.InDelta(t, silentHost.Seconds(), call(t, 40, isUnplugged).Seconds(), 1.5)
	})
	t.Run("two do not answer", func(t *testing.T) {
		assert.InDelta(t, 2*silentHost.Seconds(), call(t, 50, isSilent, isUnplugged).Seconds(), 2)
	})
}
