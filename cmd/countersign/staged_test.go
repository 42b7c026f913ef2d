package main

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/session/event"
)

// noWay is a line on which nobody is verified: the account has another number of digits than anybody's.
func noWay(line string) string { return strings.Replace(line, "digits: 6-10", "digits: 12-14", 1) }

// A version that fails people on purpose begins with a tenth of the calls on two machines, while callers call: it is
// returned from by itself, the others notice nothing, and each call's events have one version.
func TestAVersionThatFailsPeopleIsReturnedFromByItself(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, adaAndBob, noWaiting)
	good := bankLine("bank", "5200", "pin: {digits: 6}")
	require.Contains(t, good, "digits: 6")
	s.apply(good)
	calls, stop := s.keepCalling(3, func() sim.CallOptions { o := rightPIN(); o.From = "anonymous"; return o })
	bad := noWay(good)
	require.NotEqual(t, good, bad)
	out := s.must("lines", "apply", "--share", "10%", "--comment", "on purpose", s.file("bad.yaml", bad))
	assert.Contains(t, out, "version 1 → 2, in force with the next call, for 10% of the calls")
	returned := s.await(1, func(e event.Event) bool {
		d, ok := e.Data.(event.ConfigChanged)
		return ok && e.Line == "bank" && d.RolledBackTo == 1
	})
	assert.Equal(t, 3, returned[0].LineVersion)
	assert.Equal(t, "countersign", returned[0].Data.(event.ConfigChanged).Author)
	for _, n := range s.nodes {
		n.awaitLine("bank", 3)
	}
	after := calls.Load() + 40
	require.Eventually(t, func() bool { return calls.Load() >= after }, patience, 5*time.Millisecond)
	results := stop()

	version, ended := map[string]int{}, map[int]int{}
	all := func() bool { // the events of the last calls may still be on their way
		clear(version)
		clear(ended)
		over := map[string]bool{}
		for _, e := range s.events(func(e event.Event) bool { return e.Line == "bank" && strings.HasPrefix(e.Call, "0") }) {
			if v, seen := version[e.Call]; seen {
				assert.Equal(t, v, e.LineVersion, "the events of %s have one version", e.Call)
			}
			version[e.Call] = e.LineVersion
			if e.Fact() == event.FactCallEnded {
				ended[e.LineVersion]++
				over[e.Call] = true
			}
		}
		for _, of := range results {
			if slices.ContainsFunc(of, func(r sim.Result) bool { return !over[r.Variables["cs_call"]] }) {
				return false
			}
		}
		return true
	}
	require.Eventually(t, all, patience, 50*time.Millisecond, "events of calls that are over do not come")
	for _, of := range results {
		for _, r := range of {
			if v := version[r.Variables["cs_call"]]; v != 2 {
				assert.Equal(t, "verified", r.Variables["cs_status"], "on version %d: %s", v, r.Variables["cs_reason"])
			}
		}
	}
	assert.GreaterOrEqual(t, ended[2], 20, "nothing is decided before")
	assert.LessOrEqual(t, ended[2], 90, "it is stopped soon")
	alarm := s.await(1, func(e event.Event) bool { d, ok := e.Data.(event.Alarm); return ok && d.Kind == event.AlarmReturned })
	assert.Contains(t, alarm[0].Data.(event.Alarm).What, "version 2 of line bank: unverified: 100 %")
	kept := s.nodes[1].lines()["bank"]
	assert.Equal(t, good, kept.YAML)
	assert.Nil(t, kept.Staged)
}

// The share is that of the calls, within the bounds of the binomial, grows, and becomes all.
func TestAShareGrowsToAllCalls(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, adaAndBob, "")
	good := bankLine("bank", "5200", "pin: {digits: 6}")
	s.apply(good)
	again := strings.Replace(good, "pin: {digits: 6}", "pin: {digits: 6, reasks: 1}", 1)
	s.must("lines", "apply", "--share", "30%", s.file("next.yaml", again))
	for _, n := range s.nodes {
		n.awaitLine("bank", 2)
	}
	calls, stop := s.keepCalling(4, rightPIN)
	require.Eventually(t, func() bool { return calls.Load() >= 200 }, patience, 5*time.Millisecond)
	results, took, all := stop(), 0.0, 0.0
	for _, of := range results {
		for _, r := range of {
			all++
			if s.journey(r)[0].LineVersion == 2 {
				took++
			}
		}
	}
	assert.InDelta(t, 0.3*all, took, 4*math.Sqrt(0.3*0.7*all), "of %v calls", all)
	s.must("lines", "share", "bank", "60%")
	code, _, stderr := s.run("lines", "share", "bank", "0%")
	assert.Equal(t, exitWrongUse, code)
	assert.Contains(t, stderr, "1% to 99%")
	s.must("lines", "share", "bank", "all")
	for _, n := range s.nodes {
		n.awaitLine("bank", 4)
		assert.Equal(t, 4, s.journey(n.call(rightPIN()))[0].LineVersion)
	}
	code, _, stderr = s.run("lines", "share", "bank", "all")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "all calls take version 4 already")
	code, _, stderr = s.run("lines", "apply", "--share", "10%", s.file("moved.yaml", strings.Replace(again, "5200", "5201", 1)))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "its numbers change")
}

func TestWhereTwoChangeALineTheCommandLineObeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, adaAndBob, "")
	good := bankLine("bank", "5200", "pin: {digits: 6}")
	s.apply(good)
	s.settings = "lines: {approval: two}"
	next := s.file("next.yaml", strings.Replace(good, "pin: {digits: 6}", "pin: {digits: 6, reasks: 1}", 1))
	operator := func(who string, args ...string) (code int, stdout, stderr string) {
		return countersign(t, "", append([]string{"--config", s.config("n1"), "--data", filepath.Join(s.dir, "n1")},
			append(args, "--author", who)...)...)
	}
	code, stdout, stderr := operator("ada", "lines", "apply", next)
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "bank: saved as a draft, because lines.approval is two")
	assert.Equal(t, 1, s.nodes[0].lines()["bank"].Version, "nothing is in force")
	code, _, stderr = operator("ben", "lines", "apply", next)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "has a draft already, by ada")
	code, _, stderr = operator("ada", "lines", "publish", "bank")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "ada has changed this draft: somebody else publishes it")
	code, stdout, stderr = operator("ben", "lines", "publish", "bank")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "version 1 → 2")
	s.nodes[0].awaitLine("bank", 2)
	code, _, stderr = operator("ada", "lines", "remove", "bank")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "one person removes no line")
	code, _, stderr = operator("ada", "lines", "rollback", "bank", "1")
	assert.Equal(t, exitDone, code, stderr)
}
