package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"countersign/freeswitch/sim"
)

// load are callers who call so many at once, each of whom calls again when the last call has ended.
type load struct {
	atOnce, calls int
	think         time.Duration
	speed         float64
}

// result counts what became of the calls.
type result struct {
	// verified, identified and unverified left the server for a person; unfinished ones did not: the server lost, refused
	// or stranded them.
	verified, identified, unverified, unfinished int
	// reactions are from the last key of an entry to the next prompt; waited are from the PIN to what follows its check,
	// whatever is played to those who wait.
	reactions, waited []time.Duration
	took              time.Duration
	server, generator time.Duration // processor time
	idle, most        int64         // the server's resident bytes before the calls, and the most
	faults            map[string]int
}

func (l load) run(s *server) (*result, error) {
	sw, err := sim.New(sim.Options{Address: s.address, Speed: l.speed, Sounds: &sim.Sounds{Default: time.Millisecond}})
	if err != nil {
		return nil, err
	}
	if r, err := sw.Call(context.Background(), l.call(0)); err != nil || r.Lost { // nothing is measured cold
		return nil, fmt.Errorf("the first call ended %s at %q (%s): %w", r.End, r.Destination, r.Reason, err)
	}
	r := &result{idle: s.resident(), faults: map[string]int{}}
	before, own, began := s.processorTime(), ownTime(), time.Now()
	ended := make(chan struct{})
	watched := s.watchMemory(&r.most, ended)
	var mu sync.Mutex
	var all sync.WaitGroup
	places := make(chan struct{}, l.atOnce)
	for i := range l.calls {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			c, err := sw.Call(context.Background(), l.call(i))
			mu.Lock()
			defer mu.Unlock()
			r.add(l, c, err)
		})
	}
	all.Wait()
	r.took = time.Since(began)
	close(ended)
	<-watched
	s.settle()
	r.server, r.generator = s.processorTime()-before, ownTime()-own
	slices.Sort(r.reactions)
	slices.Sort(r.waited)
	return r, nil
}

// call is that of the i-th customer, from a number of its own that nobody knows.
func (l load) call(i int) sim.CallOptions {
	answers := []sim.Answer{{Prompt: "ask", Keys: pin(i) + "#", Again: true}}
	for _, again := range []string{"", "-again"} {
		answers = append(answers, sim.Answer{Prompt: "ask-account" + again, Keys: account(i) + "#", Again: true},
			sim.Answer{Prompt: "ask-pin" + again, Keys: pin(i) + "#", Again: true})
	}
	return sim.CallOptions{
		From: "+1555" + strconv.Itoa(3000000+i), To: "5000", Caller: sim.Script(sim.Pace{First: l.think}, answers...),
	}
}

func account(i int) string { return strconv.Itoa(100000 + i) }
func pin(i int) string     { return strconv.Itoa(100000 + (i*7919+314159)%899999) }

func (r *result) add(l load, c sim.Result, err error) {
	r.reactions = append(r.reactions, c.Times.Reactions...)
	if d, ok := wait(c.Prompts, l.think); ok {
		r.waited = append(r.waited, d)
	}
	status := c.Variables["cs_status"]
	switch {
	case err != nil || c.End != sim.Transferred:
		r.unfinished++
		reason, _, _ := strings.Cut(c.Reason, ": ")
		r.faults[fmt.Sprintf("%s %s", c.End, reason)]++
	case status == "verified":
		r.verified++
	case status == "identified":
		r.identified++
		r.faults["identified, "+c.Variables["cs_reason"]]++
	default:
		r.unverified++
		r.faults["unverified, "+c.Variables["cs_reason"]]++
	}
}

// wait is how long a caller of the product waited for the check of the PIN.
func wait(prompts []sim.Prompt, think time.Duration) (d time.Duration, ok bool) {
	var keyed time.Duration
	for _, p := range prompts {
		switch {
		case p.Has("ask-pin"):
			keyed = p.At + think
		case keyed > 0 && !p.Has("one-moment"):
			return p.At - keyed, true
		}
	}
	return 0, false
}

// quantile of sorted durations; 0 if there are none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

const header = "| server | at once | calls | verified | identified | unverified | unfinished | calls/s | server ms/call | " +
	"generator ms/call | reaction p50 | p99 | max | PIN checked after p50 | p99 | max | KB a call at once |\n" +
	"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"

func (r *result) row(name string, l load) string {
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(l.calls) }
	ms := func(sorted []time.Duration) string {
		var cells [3]string
		for i, q := range []float64{.5, .99, 1} {
			cells[i] = fmt.Sprintf("%.1f ms", float64(quantile(sorted, q).Microseconds())/1000)
		}
		return strings.Join(cells[:], " | ")
	}
	text := fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d | %.0f | %.2f | %.2f | %s | %s | %.0f |", name, l.atOnce,
		l.calls, r.verified, r.identified, r.unverified, r.unfinished, float64(l.calls)/r.took.Seconds(), each(r.server),
		each(r.generator), ms(r.reactions), ms(r.waited), float64(r.most-r.idle)/1024/float64(l.atOnce))
	for fault, n := range r.faults {
		text += fmt.Sprintf("\n  %d: %s", n, fault)
	}
	return text
}
