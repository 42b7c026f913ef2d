package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/freeswitch/sim"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// NATS comes back with nothing in it: a volume was not mounted, or it is another one.
func TestANATSThatComesBackEmptyTakesNoLineOutOfForce(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, adaAndBob, "")
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}, birth_date: {}"), bankLine("gone", "5201", "pin: {digits: 6}"))
	s.must("lines", "remove", "gone")
	strict := func(n *node) {
		t.Helper()
		r := n.call(sim.CallOptions{ // the built-in line would take this caller for Ada
			From: "+15551230001", To: "5200", Caller: keys("ask-pin", "246813"),
		})
		assert.NotEqual(t, "verified", r.Variables["cs_status"])
		assert.Contains(t, heard(r), "ask-account")
	}
	ready := func() {
		t.Helper()
		for _, n := range s.nodes {
			require.Eventually(t, func() bool {
				status, _ := n.ask("GET", "/readyz", "")
				return status == http.StatusOK
			}, patience, 10*time.Millisecond)
		}
	}
	for range 2 {
		s.nats.Shutdown()
		require.NoError(t, os.RemoveAll(filepath.Join(s.store, "jetstream")))
		s.natsReturns()
		ready()
		for _, n := range s.nodes {
			strict(n)
			assert.Equal(t, 1, n.lines()["bank"].Version)
			assert.True(t, n.lines()["gone"].Removed)
		}
	}
	for _, n := range s.nodes {
		n.stop()
		n.start()
	}
	ready()
	for _, n := range s.nodes {
		strict(n)
	}
	assert.Contains(t, s.must("lines", "show", "bank"), "line: bank", "NATS has it again")

	// Whoever operates it is told.
	told := func(e event.Event) bool {
		a, ok := e.Data.(event.Alarm)
		return ok && a.Kind == event.AlarmStateLost && strings.Contains(a.What, "line bank, version 1")
	}
	assert.NotEmpty(t, s.await(1, told))
	var logs, audits string
	for _, n := range s.nodes {
		logs += n.log()
		code, stdout, stderr := countersign(t, "", "--data", filepath.Join(s.dir, n.name), "audit", "list")
		require.Equal(t, exitDone, code, stderr)
		audits += stdout
	}
	assert.Contains(t, logs, "it stayed in force here and was put back")
	assert.Contains(t, audits, "line_put_back")
	assert.Contains(t, logs, "shared state was lost")
	assert.Contains(t, audits, "state_lost")
}

// Without NATS a new machine cannot know the company's lines, which may ask for more than the built-in one.
func TestAMachineThatKnowsNoLinesTakesCallersToAPerson(t *testing.T) {
	t.Parallel()
	s := siteWithoutNodes(t, adaAndBob, "")
	s.nats.Shutdown()
	s.add("n1")
	n := s.nodes[0]
	r := n.call(sim.CallOptions{From: "+15551230001", To: "5200", Caller: keys("ask-pin", "246813")})
	assert.Equal(t, "agents XML default", r.Destination)
	assert.Equal(t, "none", r.Variables["cs_status"])
	assert.Equal(t, "unavailable", r.Variables["cs_reason"])
	assert.NotContains(t, heard(r), "ask-pin")
	status, text := n.ask("GET", "/readyz", "")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, text, "callers go to a person")

	s.natsReturns() // it has no lines: the built-in line is the right one
	require.Eventually(t, func() bool {
		r := n.call(sim.CallOptions{From: "+15551230001", To: "5200", Caller: keys("ask-pin", "246813")})
		return r.Variables["cs_status"] == "verified"
	}, patience, 10*time.Millisecond)

	s.nats.Shutdown() // and after a restart that is known
	n.stop()
	n.start()
	r = n.call(sim.CallOptions{From: "+15551230001", To: "5200", Caller: keys("ask-pin", "246813")})
	assert.Equal(t, "verified", r.Variables["cs_status"])
}
