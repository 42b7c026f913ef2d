package main

import (
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// givenClock is the clock of a service, its NATS and its stores; not that of whoever calls it.
type givenClock struct {
	t    *testing.T
	file string
}

// giveClock has a process go by a clock of its own from its next start on.
func giveClock(t *testing.T, p *process) givenClock {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("a clock can be given to a process on Linux on amd64 alone: run there")
	}
	c := givenClock{t: t, file: filepath.Join(p.folder, p.name+".clock")}
	c.set(0)
	start := p.command
	p.command = func(ctx context.Context) *exec.Cmd {
		cmd := start(ctx)
		cmd.Env = append(cmd.Env, "COUNTERSIGN_TEST_CLOCK="+c.file)
		return cmd
	}
	return c
}

// set says how far it is ahead of the right time.
func (c givenClock) set(ahead time.Duration) {
	c.t.Helper()
	next := c.file + ".next"
	require.NoError(c.t, os.WriteFile(next, []byte(strconv.Itoa(int(ahead.Seconds()))), 0o600))
	require.NoError(c.t, os.Rename(next, c.file))
}

// leap sets it under a running process, and returns when that goes by it.
func (c givenClock) leap(ahead time.Duration) {
	c.t.Helper()
	c.set(ahead)
	want := strconv.Itoa(int(ahead.Seconds()))
	require.Eventually(c.t, func() bool {
		is, err := os.ReadFile(c.file + ".is")
		return err == nil && string(is) == want
	}, patience, 5*time.Millisecond)
}

// A clock that leaps ahead, is ahead at a start, and comes back must neither empty what must last nor give guesses.
func TestAClockThatLeapsUnlocksNobodyAndLosesNoEvent(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	s := newCrashSite(t)
	s.guard = "lock_after: 10, total: 10, anonymous: 10000"
	s.config(`listen: "127.0.0.1:0"`)
	s.startService(manyCustomers(6*undisturbed) + "locked,+15559990001,990001,246813\n")
	clock := giveClock(t, s.service)
	restart := func() {
		t.Helper()
		require.Equal(t, exitDone, s.service.end(), s.service.log())
		s.service.start()
	}
	restart()
	for i := range 4 { // ten wrong answers are the most that anybody has
		r, err := s.phone.Call(t.Context(), guesser(anyNumber, "990001", i, pin(3*i), pin(3*i+1), pin(3*i+2)))
		require.NoError(t, err)
		assert.NotEqual(t, "verified", r.Variables["cs_status"])
	}

	handedOn, calls := map[string]string{}, 4
	isAsBefore := func(when string) {
		t.Helper()
		t.Log(when)
		r, err := s.phone.Call(t.Context(), guesser(anyNumber, "990001", 100+calls, "246813"))
		require.NoError(t, err)
		assert.Equal(t, "locked", r.Variables["cs_reason"], when)
		maps.Copy(handedOn, s.undisturbed(calls/(undisturbed+1)*undisturbed))
		calls += undisturbed + 1
		s.awaitAllPublished(calls)
		require.Eventually(t, func() bool { return s.ready(t) == http.StatusOK }, patience, 20*time.Millisecond, when)
		code, stdout, stderr := countersign(t, "", "--config", s.settings, "--data", s.data("service"), "customers",
			"locked", "--nats", s.url, "--json")
		require.Equal(t, exitDone, code, stderr)
		var locked struct {
			Customer string
			Failures int
			Until    *time.Time
		}
		require.NoError(t, json.Unmarshal([]byte(stdout), &locked), stdout)
		assert.Equal(t, "locked", locked.Customer)
		assert.Equal(t, 10, locked.Failures, "no guess more or less, %s", when)
		assert.Nil(t, locked.Until, "until somebody unlocks")
	}
	isAsBefore("the clock is right")
	clock.leap(100 * 24 * time.Hour)
	isAsBefore("100 days ahead, suddenly")
	restart()
	isAsBefore("100 days ahead at a start")
	clock.leap(year)
	restart()
	isAsBefore("a year ahead at a start")
	clock.leap(-24 * time.Hour)
	isAsBefore("a day behind, suddenly")
	clock.leap(0)
	restart()
	isAsBefore("right again")
	s.remembers(handedOn)
	var latest time.Time
	for _, events := range s.agree("service") {
		for _, e := range events {
			if e.Time.After(latest) {
				latest = e.Time
			}
		}
	}
	assert.Greater(t, time.Until(latest), year-24*time.Hour, "the service went by the clock that it was given")
	assert.NotContains(t, s.service.log(), "state was lost")
}

// ready is what the service says of itself.
func (s *crashSite) ready(t *testing.T) (status int) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(_ context.Context, network, address string) (net.Conn, error) { return s.dial(network, address) },
	}}
	res, err := client.Get(s.api + "/readyz")
	require.NoError(t, err)
	defer res.Body.Close()
	return res.StatusCode
}
