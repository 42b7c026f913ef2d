package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/freeswitch/sim"
	"countersign/internal/wiretest"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAChangedLineIsInForceOnBothNodesWithTheNextCall(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, adaAndBob, "")
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	who := func() sim.Caller {
		return keys("ask-account", "100042", "ask-pin", "246813", "ask-birth-date", "12101985")
	}
	for _, n := range s.nodes {
		r := n.call(sim.CallOptions{From: "+15550001111", To: "5200", Caller: who()})
		assert.Equal(t, "verified", r.Variables["cs_status"])
		assert.Equal(t, "account,pin", r.Variables["cs_methods"])
	}

	// While calls run on both, another process changes the order of questions: no call fails, each keeps the version that
	// it began with.
	_, stop := s.keepCalling(4, func() sim.CallOptions {
		return sim.CallOptions{From: "+15550001112", To: "5200", Caller: who()}
	})
	s.apply(bankLine("bank", "5200", "birth_date: {}, pin: {digits: 6}"))
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}, birth_date: {}"))
	s.apply(bankLine("bank", "5200", "birth_date: {}, pin: {digits: 6}, totp: {}"))
	total := 0
	for _, on := range stop() {
		for i, r := range on {
			total++
			versions := map[int]bool{}
			for _, e := range s.journey(r) {
				versions[e.LineVersion] = true
			}
			assert.Len(t, versions, 1)
			assert.Equal(t, "verified", r.Variables["cs_status"])
			methods := "account,pin"
			if versions[2] || versions[4] {
				methods = "account,birth_date,pin"
			}
			assert.Equal(t, methods, r.Variables["cs_methods"])
			if i == len(on)-1 {
				assert.True(t, versions[4], "the last call meets the last version")
			}
		}
	}
	t.Logf("%d calls while the line changed three times", total)

	// A file with mistakes changes nothing, on no node, and all of them are said.
	bad := s.file("bad.yaml", strings.Replace(bankLine("bank", "5200", "pin: {digits: 3}, pinn: {}"), "region: US",
		"region: Utopia", 1))
	code, stdout, stderr := s.run("lines", "apply", bad)
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout)
	for _, w := range []string{
		"Utopia", "3 is out of bounds", "pinn: unknown key", "3 problems found; nothing was changed",
	} {
		assert.Contains(t, stderr, w)
	}

	// Of two who change the same version at once, one is told.
	var codes [2]int
	var said [2]string
	var applying sync.WaitGroup
	for i, q := range []string{"pin: {digits: 6}, birth_date: {reasks: 1}", "pin: {digits: 6}, birth_date: {reasks: 0}"} {
		file := s.file(fmt.Sprintf("both-%d.yaml", i), bankLine("bank", "5200", q))
		applying.Go(func() {
			codes[i], _, said[i] = s.run("lines", "apply", "--if-version", "4", "--author", fmt.Sprint("author", i), file)
		})
	}
	applying.Wait()
	slices.Sort(codes[:])
	assert.Equal(t, [2]int{exitDone, exitFailed}, codes, said)
	assert.Contains(t, said[0]+said[1], "line bank was changed by author")

	// Back to the first version, as version 6.
	assert.Contains(t, s.must("lines", "rollback", "bank", "1"), "bank: version 5 → 6")
	for _, n := range s.nodes {
		n.awaitLine("bank", 6)
		r := n.call(sim.CallOptions{From: "+15550001113", To: "5200", Caller: who()})
		assert.Equal(t, "account,pin", r.Variables["cs_methods"])
		assert.Equal(t, 6, s.journey(r)[0].LineVersion)
	}
	changes := s.events(is[event.ConfigChanged]("bank"))
	require.Len(t, changes, 6, "each change once, though two nodes heard of it")
	for i, e := range changes {
		assert.Equal(t, i+1, e.LineVersion)
	}
}

func TestNATSAwayCostsNoCallAndNoLine(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, adaAndBob, "")
	one, two := s.nodes[0], s.nodes[1]
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	right := func() sim.CallOptions {
		return sim.CallOptions{From: "+15550001111", To: "5200", Caller: keys("ask-account", "100042", "ask-pin", "246813")}
	}
	guess := func(n *node) sim.Result {
		return n.call(sim.CallOptions{
			From: "anonymous", To: "5200", Caller: keys("ask-account", "100043", "ask-pin", "111999"),
		})
	}
	ready := func(n *node) (int, string) { return n.ask("GET", "/readyz", "") }
	for _, n := range s.nodes {
		require.Eventually(t, func() bool {
			status, _ := ready(n)
			return status == http.StatusOK
		}, patience, 10*time.Millisecond)
	}

	// Calls go on all the time.
	calls, stop := s.keepCalling(2, right)
	during := func(n int32) { // so many calls from now on
		t.Helper()
		from := calls.Load()
		require.Eventually(t, func() bool { return calls.Load() >= from+n }, patience, time.Millisecond)
	}
	during(10)
	s.nats.Shutdown()
	during(10)
	for _, n := range s.nodes {
		require.Eventually(t, func() bool {
			status, text := ready(n)
			return status == http.StatusServiceUnavailable && strings.Contains(text, "NATS is away")
		}, patience, 10*time.Millisecond)
	}

	// Each node holds the lock by what it has seen itself.
	for range 2 {
		guess(one)
	}
	r := guess(one)
	assert.Equal(t, "locked", r.Variables["cs_reason"])
	assert.Equal(t, "locked XML default", r.Destination)
	// A node that crashes has the lines that it had, and counts for itself.
	var longest time.Duration
	for _, r := range slices.Concat(stop()...) {
		assert.Equal(t, "verified", r.Variables["cs_status"], r.Variables["cs_reason"])
		longest = max(longest, r.Times.Total)
	}
	t.Logf("%d calls, all verified; the longest took %s", calls.Load(), longest)
	two.kill()
	two.start()
	r = two.call(right())
	assert.Equal(t, "verified", r.Variables["cs_status"])
	assert.Equal(t, "account,pin", r.Variables["cs_methods"])
	assert.Equal(t, 1, two.lines()["bank"].Version)
	status, text := ready(two)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, text, "lines not read from NATS yet")
	assert.Equal(t, "wrong_answer", guess(two).Variables["cs_reason"])

	s.natsReturns()
	for _, n := range s.nodes {
		require.Eventually(t, func() bool {
			status, _ := ready(n)
			return status == http.StatusOK
		}, patience, 10*time.Millisecond)
	}
	// What the nodes counted apart is put together, the lines are there, and every event arrives.
	require.Eventually(t, func() bool {
		return s.attempts("C-2", "--dry-run").Failures == 5+3
	}, patience, 50*time.Millisecond)
	u := s.attempts("C-2", "--dry-run")
	if assert.NotNil(t, u.Until) { // a quarter of an hour for the fifth, doubled for each of the three after it
		assert.WithinRange(t, *u.Until, time.Now().Add(time.Hour), time.Now().Add(2*time.Hour))
	}
	for _, n := range s.nodes {
		assert.Equal(t, "locked", guess(n).Variables["cs_reason"])
	}
	s.apply(bankLine("bank", "5200", "birth_date: {}, pin: {digits: 6}"))
	s.await(int(calls.Load())+1, is[event.Verified]("bank"))
	assert.Len(t, s.events(is[event.ConfigChanged]("bank")), 2)
}

func TestANATSThatHangsCostsACallLessThanASecond(t *testing.T) {
	t.Parallel()
	s := siteWithoutNodes(t, adaAndBob, "")
	wire := wiretest.New(t, strings.TrimPrefix(s.url, "nats://"))
	s.url, s.natsTimeout = "nats://"+wire.Address, 750*time.Millisecond
	s.add("n1")
	n := s.nodes[0]
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	ready := func(want int) func() bool {
		return func() bool { status, _ := n.ask("GET", "/readyz", ""); return status == want }
	}
	call := func(account, pin string) sim.Result {
		return n.call(sim.CallOptions{From: "+15550001111", To: "5200", Caller: keys("ask-account", account, "ask-pin", pin)})
	}
	require.Eventually(t, ready(http.StatusOK), patience, 10*time.Millisecond)
	verified := func(n int) (took []time.Duration) {
		for range n {
			r := call("100042", "246813")
			assert.Equal(t, "verified", r.Variables["cs_status"])
			took = append(took, r.Times.Total.Round(time.Millisecond))
		}
		return took
	}
	before := verified(5)
	wire.Hold()
	after := verified(7)
	t.Logf("calls took %v, and with NATS hanging %v", before, after)
	assert.Less(t, slices.Min(after[1:]), slices.Min(before)+s.natsTimeout,
		"only the first waits; the machine may do much else")
	assert.Equal(t, "wrong_answer", call("100043", "111999").Variables["cs_reason"])
	assert.Equal(t, "locked", call("100043", "111999").Variables["cs_reason"])
	require.Eventually(t, ready(http.StatusServiceUnavailable), patience, 10*time.Millisecond)
	wire.Release()
	require.Eventually(t, ready(http.StatusOK), patience, 10*time.Millisecond)
	require.Eventually(t, func() bool {
		return s.attempts("C-2", "--dry-run").Failures == 5
	}, patience, 50*time.Millisecond)
	assert.Equal(t, "locked", call("100043", "975310").Variables["cs_reason"])
	s.await(4, is[event.Verified]("bank"))
}
