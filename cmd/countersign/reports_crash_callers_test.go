package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"countersign/freeswitch/sim"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manyCustomers have a telephone, an account and a PIN each.
func manyCustomers(n int) string {
	var csv strings.Builder
	csv.WriteString("id,phones,account,pin\n")
	for i := range n {
		fmt.Fprintf(&csv, "A-%d,%s,%s,864209\n", i, ownNumber(i), account(i))
	}
	return csv.String()
}

func ownNumber(i int) string { return fmt.Sprintf("+1555%07d", 1000000+i) }

// person is what one of many callers does: every second one keys the right PIN, the others each fail in one of the ways
// there are.
func person(i int) sim.CallOptions {
	from, at := "anonymous", []string{"ask-account", account(i)}
	hangUp := sim.Script(sim.Pace{}, sim.Answer{
		Prompt: "ask-account", Keys: account(i) + "#",
	}, sim.Answer{Prompt: "ask-pin", Keys: "86", HangUp: true})
	wrongFirst := sim.Script(sim.Pace{}, sim.Answer{Prompt: "ask-pin", Keys: "111222#"}, sim.Answer{
		Prompt: "ask-pin-again", Keys: "864209#",
	})
	who := []sim.Caller{
		keys("ask-pin", "864209"), keys(append(at, "ask-pin", "864209")...), wrongFirst,
		keys(append(at, "ask-pin", "111222")...),
		keys("ask-account", "*"), hangUp, sim.Silent(), keys("ask-account", "999999"),
	}
	if i%8 == 0 || i%8 == 2 {
		from = ownNumber(i)
	}
	return sim.CallOptions{From: from, To: anyNumber, Caller: who[i%8]}
}

// crowd is everybody who calls at the same time.
type crowd struct {
	s    *crashSite
	size int
	// whoever was asked something needs one for each prompt from then on; closed when callers need none any more
	turns   chan struct{}
	release func() // closes it; twice is harmless
	calling sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed and replaced with each change
	waiting int           // callers at the first question, or beyond
	unasked int           // calls that are over without one: a machine can be too slow for so many
	heard   int           // prompts, from the first question on
	results []sim.Result
	errs    []error
}

// arriving is how many calls may be on their way to their first question at a time: the service waits 5 s for a
// handshake and as long for a reply.
const arriving = 50

// call lets so many customers ring, from a certain one on, and returns when all of them are being asked their first
// question. They stay so until release.
func (s *crashSite) call(from, size int) *crowd {
	s.t.Helper()
	c := &crowd{s: s, size: size, turns: make(chan struct{}, 20*size), changed: make(chan struct{})}
	c.release = sync.OnceFunc(func() { close(c.turns) })
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	s.t.Cleanup(func() { cancel(); c.calling.Wait() })
	phone, ways := s.phone, make(chan struct{}, arriving)
	for i := range size {
		o := person(from + i)
		asked := false
		c.calling.Go(func() {
			ways <- struct{}{}
			arrived := sync.OnceFunc(func() { <-ways })
			defer arrived()
			o.Caller = c.holding(ctx, o.Caller, func() { asked = true; arrived() })
			r, err := phone.Call(ctx, o)
			c.change(func() {
				c.results, c.errs = append(c.results, r), append(c.errs, err)
				if !asked {
					c.unasked++
				}
			})
		})
	}
	c.await("callers are asked something", func() bool { return c.waiting+c.unasked == c.size })
	require.Less(s.t, c.unasked, max(1, size/10), "too slow, or too many")
	s.unasked += c.unasked
	return c
}

// holding is a caller who from the first question on, at which asked is called, takes turns with the others.
func (c *crowd) holding(ctx context.Context, who sim.Caller, asked func()) sim.Caller {
	begun := false
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		if p.Digits && !begun {
			begun = true
			asked()
			c.change(func() { c.waiting++ })
		}
		if begun {
			select {
			case <-c.turns:
			case <-ctx.Done():
			}
			c.change(func() { c.heard++ })
		}
		return who.Hear(p)
	})
}

func (c *crowd) change(what func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	what()
	close(c.changed)
	c.changed = make(chan struct{})
}

// await waits until something is so.
func (c *crowd) await(what string, is func() bool) {
	c.s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		c.mu.Lock()
		now, changed := is(), c.changed
		waiting, over := c.waiting, len(c.results)
		c.mu.Unlock()
		if now {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			require.FailNow(c.s.t, "it takes too long until "+what, "%d callers, %d were asked, %d calls are over", c.size,
				waiting, over)
		}
	}
}

// running is how many calls are being asked something, or were, and are not over.
func (c *crowd) running() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting + c.unasked - len(c.results)
}

// hears waits until n more prompts are heard, or nobody calls any more. Callers then go on for a little while. It says
// how many calls are running.
func (c *crowd) hears(n int) (running int) {
	c.s.t.Helper()
	c.mu.Lock()
	until := c.heard + n
	c.mu.Unlock()
	for range n + c.size/8 {
		c.turns <- struct{}{}
	}
	c.await("callers go on", func() bool { return c.heard >= until || len(c.results) == c.size })
	return c.running()
}

// over waits for the last call, and makes sure that each caller came to a person, without proof as nobody who is
// verified. It says which calls were handed on as what.
func (c *crowd) over() (handedOn map[string]string, resumed int) {
	t := c.s.t
	t.Helper()
	c.release()
	c.await("all calls are over", func() bool { return len(c.results) == c.size })
	c.calling.Wait()
	handedOn = map[string]string{}
	for i, r := range c.results {
		assert.NoError(t, c.errs[i])
		assert.False(t, r.Lost, "%s: %s", r.End, r.Reason)
		switch r.End {
		case sim.Transferred:
			handedOn[r.Variables["cs_call"]] = r.Variables["cs_status"]
		case sim.Resumed:
			resumed++
			assert.Equal(t, sim.DefaultAfter, r.Destination)
			assert.Equal(t, "none", r.Variables["cs_status"])
			assert.Equal(t, "unavailable", r.Variables["cs_reason"])
		case sim.CallerHungUp:
		default:
			assert.Fail(t, "a call ended as none should", "%s: %s", r.End, r.Reason)
		}
	}
	return handedOn, resumed
}
