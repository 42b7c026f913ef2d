package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
)

// on runs a command on a node's own data.
func (n *node) on(stdin string, args ...string) (code int, stdout, stderr string) {
	n.s.t.Helper()
	base := []string{"--config", filepath.Join(n.s.dir, n.name+".yaml"), "--data", filepath.Join(n.s.dir, n.name)}
	return countersign(n.s.t, stdin, append(base, args...)...)
}

func (n *node) must(stdin string, args ...string) (stdout string) {
	n.s.t.Helper()
	code, stdout, stderr := n.on(stdin, args...)
	require.Equal(n.s.t, exitDone, code, stderr)
	return stdout
}

// ready waits until a node is ready.
func (n *node) ready() {
	n.s.t.Helper()
	require.Eventually(n.s.t, func() bool {
		status, _ := n.ask("GET", "/readyz", "")
		return status == http.StatusOK
	}, patience, 10*time.Millisecond)
}

func TestCustomersOfOneMachineAreKnownOnTheOther(t *testing.T) {
	t.Parallel()
	s := siteWithoutNodes(t, adaAndBob, "")
	s.share = map[string]string{"n1": shareSource, "n2": shareReplica}
	s.add("n1")
	s.add("n2")
	source, replica := s.nodes[0], s.nodes[1]
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	source.ready()
	replica.ready()

	// Callers call both all the time.
	_, stop := s.keepCalling(2, func() sim.CallOptions {
		return sim.CallOptions{From: "+15550001111", To: "5200", Caller: keys("ask-account", "100042", "ask-pin", "246813")}
	})
	call := func(account, pin string) string {
		r := replica.call(sim.CallOptions{
			From: "+15550002222", To: "5200", Caller: keys("ask-account", account, "ask-pin", pin),
		})
		return r.Variables["cs_status"]
	}
	var file strings.Builder
	file.WriteString("id,name,account,pin\n")
	for i := range 500 {
		fmt.Fprintf(&file, "N-%d,Name %d,%d,%06d\n", i, i, 200000+i, 351000+i)
	}
	source.must(file.String(), "customers", "import", "-")
	require.Eventually(t, func() bool { return call("200499", "351499") == "verified" }, patience, time.Millisecond)
	source.must("864209\n", "customers", "set-pin", "N-7")
	require.Eventually(t, func() bool { return call("200007", "864209") == "verified" }, patience, time.Millisecond)

	// They are changed on the source alone.
	for _, args := range [][]string{
		{"customers", "import", "-"}, {"customers", "add", "X-1"}, {"customers", "set-pin", "N-7"}, {"customers", "remove", "N-7"},
	} {
		code, _, stderr := replica.on("id\nX-1\n", args...)
		assert.Equal(t, exitFailed, code, args)
		assert.Contains(t, stderr, "customers.share: source", args)
	}

	// Whoever is erased is gone everywhere.
	source.must("", "customers", "erase", "--yes", "N-7")
	require.Eventually(t, func() bool {
		code, _, _ := replica.on("", "customers", "show", "N-7")
		return code == exitFailed
	}, patience, 10*time.Millisecond)
	assert.NotEqual(t, "verified", call("200007", "864209"))
	code, _, stderr := replica.on("", "customers", "erase", "--yes", "N-8")
	assert.Equal(t, exitFailed, code)
	assert.NotContains(t, stderr, "nothing about this id")

	// Both say how they do.
	assert.Contains(t, findingsOf(t, replica), "they come from n1, and are")
	assert.Contains(t, findingsOf(t, source), "customers are published, the last time")
	all := slices.Concat(stop()...)
	for _, r := range all {
		assert.Equal(t, "verified", r.Variables["cs_status"], r.Variables["cs_reason"])
	}
	t.Logf("%d calls meanwhile", len(all))

	// The source is lost: its replica takes its place.
	source.kill()
	assert.Equal(t, "verified", call("200499", "351499"))
	s.share["n2"] = shareSource
	s.config("n2")
	replica.stop()
	replica.start()
	assert.Contains(t, findingsOf(t, replica), "the machine n1 publishes customers, and this one does not")
	assert.Contains(t, replica.must("", "customers", "take-over"), "in place of n1")
	require.Eventually(t, func() bool {
		return strings.Contains(findingsOf(t, replica), "customers are published, the last time")
	}, patience, 100*time.Millisecond)
	s.share["n1"] = shareReplica
	s.config("n1")
	source.start()
	replica.must("975302\n", "customers", "set-pin", "N-9")
	require.Eventually(t, func() bool {
		r := source.call(sim.CallOptions{
			From: "+15550002222", To: "5200", Caller: keys("ask-account", "200009", "ask-pin", "975302"),
		})
		return r.Variables["cs_status"] == "verified"
	}, patience, time.Millisecond)
}

func findingsOf(t *testing.T, n *node) string {
	t.Helper()
	_, stdout, _ := n.on("", "doctor")
	return stdout
}
