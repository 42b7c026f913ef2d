//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
)

// thinking is how long callers take for an answer, in their own time, which is ten times faster than ours.
var thinking = sim.Pace{First: 2 * time.Second, Between: 200 * time.Millisecond}

// somebody is one of many callers: five of eight key the right PIN, the others each fail in one of the ways there are.
// status is what becomes of the call; empty if the caller hangs up.
func somebody(i int) (o sim.CallOptions, status string) {
	answer := func(prompt, keys string) sim.Answer { return sim.Answer{Prompt: prompt, Keys: keys, Again: true} }
	answers := []sim.Answer{answer("ask-account", account(i)+"#"), answer("ask-pin", "864209#")}
	status = "verified"
	switch i % 8 {
	case 5:
		answers, status = append(answers[:1], answer("ask-pin", "111222#"), answer("ask-pin-again", "111222#")), "identified"
	case 6:
		answers, status = []sim.Answer{answer("ask-account", "*")}, "none"
	case 7:
		answers, status = append(answers[:1], sim.Answer{Prompt: "ask-pin", Keys: "86", HangUp: true}), ""
	}
	return sim.CallOptions{From: "anonymous", To: anyNumber, Caller: sim.Script(thinking, answers...)}, status
}

// placed is a call that is over.
type placed struct {
	result       sim.Result
	err          error
	status       string // as it should be
	began, ended time.Time
}

// asItShould says that the caller got what they would have got from a service that nothing happens to.
func (p placed) asItShould() bool {
	if p.status == "" {
		return p.err == nil && p.result.End == sim.CallerHungUp
	}
	return p.err == nil && p.result.End == sim.Transferred && p.result.Variables["cs_status"] == p.status
}

// crowdOfThree are callers who ring all three FreeSWITCH servers, again and again.
type crowdOfThree struct {
	s       *machines
	calls   atomic.Int32
	enough  atomic.Bool
	calling sync.WaitGroup
	mu      sync.Mutex
	placed  []placed
}

// keepCalling lets so many ring at a time until stop. No customer calls twice, in any crowd.
func (s *machines) keepCalling(callers int) *crowdOfThree {
	c := &crowdOfThree{s: s}
	for i := range callers {
		c.calling.Go(func() {
			for !c.enough.Load() && s.t.Context().Err() == nil {
				c.call(s.phones[i%3], int(s.called.Add(1)))
			}
		})
	}
	s.t.Cleanup(func() { c.stop() })
	return c
}

func (c *crowdOfThree) call(phone *sim.Switch, customer int) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	o, status := somebody(customer)
	p := placed{status: status, began: time.Now()}
	p.result, p.err = phone.Call(ctx, o)
	p.ended = time.Now()
	c.calls.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.placed = append(c.placed, p)
}

// during waits for so many more calls.
func (c *crowdOfThree) during(t *testing.T, calls int32) {
	t.Helper()
	until := c.calls.Load() + calls
	require.Eventually(t, func() bool { return c.calls.Load() >= until }, patience, 5*time.Millisecond)
}

// stop waits for the last calls and returns all.
func (c *crowdOfThree) stop() []placed {
	c.enough.Store(true)
	c.calling.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.placed)
}

// nobodyLost requires that every caller came to a person or to where the line sends them, and that nobody is verified who
// should not be. It returns those whose call did not go as it should.
func nobodyLost(t *testing.T, all []placed) (disturbed []placed) {
	t.Helper()
	for _, p := range all {
		r := p.result
		if !assert.NoError(t, p.err) {
			continue
		}
		assert.False(t, r.Lost, "%s: %s", r.End, r.Reason)
		if p.asItShould() {
			continue
		}
		assert.NotEqual(t, "verified", r.Variables["cs_status"], "%s: %s", r.End, r.Reason)
		disturbed = append(disturbed, p)
	}
	return disturbed
}

// longest is how long the slowest call took.
func longest(all []placed) (most time.Duration) {
	for _, p := range all {
		most = max(most, p.ended.Sub(p.began))
	}
	return most.Round(10 * time.Millisecond)
}

// tellAll says what became of the first of these calls.
func tellAll(all []placed, since time.Time) (lines []string) {
	for _, p := range all[:min(len(all), 20)] {
		lines = append(lines, fmt.Sprintf("%s to %s: %s at %q, %s %s %s", p.began.Sub(since), p.ended.Sub(since), p.result.End,
			p.result.Destination, p.result.Variables["cs_status"], p.result.Variables["cs_reason"], p.result.Reason))
	}
	if len(all) > 20 {
		lines = append(lines, fmt.Sprintf("%d more", len(all)-20))
	}
	return lines
}
