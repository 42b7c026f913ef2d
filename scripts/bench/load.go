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

// load are callers, each of whom calls again when the call has ended.
type load struct {
	// callers call at once, each so many times. The first calls are spread over a time; 0: all at the same moment.
	callers, each int
	spread        time.Duration
	// think is how long a caller takes before keying. Speed 0: no time passes but the server's.
	think time.Duration
	speed float64
}

func (l load) calls() int { return l.callers * l.each }

// askLasts is how long a bare server's prompt plays; the product's last as long as they are.
const askLasts = 3 * time.Second

func (l load) phones(s *server) (*sim.Switch, error) {
	return sim.New(sim.Options{Address: s.address, Speed: l.speed, Sounds: &sim.Sounds{Default: askLasts}})
}

// run places the calls and says what they cost and what became of them.
func (l load) run(s *server) (*Run, error) {
	phones, err := l.phones(s)
	if err != nil {
		return nil, err
	}
	r := &Run{AtOnce: l.callers, Calls: l.calls(), Load: loadAverage(), Faults: map[string]int{}}
	if r.ToServer, r.FromServer, err = l.bytes(s); err != nil { // and nothing is measured cold
		return nil, err
	}
	s.settle()
	inside, err := s.memory(false)
	if err != nil {
		return nil, err
	}
	before, own, began, late := s.processorTime(), ownTime(), time.Now(), watchLateness()
	var reacted, checked []time.Duration
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range l.callers {
		all.Go(func() {
			time.Sleep(l.spread * time.Duration(i) / time.Duration(l.callers))
			for j := range l.each {
				o, seen := l.call(i*l.each+j), reactions{}
				if l.speed > 0 {
					o.Watch = seen.watch
				}
				c, err := phones.Call(context.Background(), o)
				mu.Lock()
				reacted = append(reacted, seen.all...)
				if d, ok := wait(c.Prompts, l.think); ok {
					checked = append(checked, d)
				}
				r.count(c, err)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	took, lateness := time.Since(began), late()
	generator := ownTime() - own
	s.settle()
	after, err := s.memory(false)
	if err != nil {
		return nil, err
	}
	calls := float64(r.Calls)
	r.PerSecond, r.ServerMS = calls/took.Seconds(), milliseconds(s.processorTime()-before)/calls
	r.GeneratorMS = milliseconds(generator) / calls
	r.GeneratorShare = generator.Seconds() / took.Seconds() / float64(cores())
	r.Late = quantilesOf(lateness)
	if s.probed {
		r.Allocations = float64(after.Mallocs-inside.Mallocs) / calls
		r.Allocated = float64(after.TotalAlloc-inside.TotalAlloc) / calls
	}
	r.Reaction, r.Checked = quantilesOf(reacted), quantilesOf(checked)
	return r, nil
}

// bytes places a few calls, one after the other, and returns the bytes of one in both directions.
func (l load) bytes(s *server) (toServer, fromServer float64, err error) {
	phones, err := load{speed: 0}.phones(s)
	if err != nil {
		return 0, 0, err
	}
	const calls = 5
	for range calls {
		o := l.call(0)
		o.Watch = func(f sim.Frame) {
			if f.FromService {
				fromServer += float64(len(f.Bytes)) / calls
			} else {
				toServer += float64(len(f.Bytes)) / calls
			}
		}
		if r, err := phones.Call(context.Background(), o); err != nil || r.Lost {
			return 0, 0, fmt.Errorf("a first call ended %s at %q (%s): %w", r.End, r.Destination, r.Reason, err)
		}
	}
	return toServer, fromServer, nil
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

// count counts what became of a call.
func (r *Run) count(c sim.Result, err error) {
	status, fault := c.Variables["cs_status"], ""
	switch {
	case err != nil || c.End != sim.Transferred:
		r.Unfinished++
		reason, _, _ := strings.Cut(c.Reason, ": ")
		fault = strings.TrimSpace(fmt.Sprintf("%s %s", c.End, reason))
	case status == "verified":
		r.Verified++
		return
	case status == "identified":
		r.Identified++
		fault = "identified, " + c.Variables["cs_reason"]
	default:
		r.Unverified++
		fault = "unverified, " + c.Variables["cs_reason"]
	}
	r.Faults[fault]++
}

// wait is how long a caller of the product waited for the check of the PIN, whatever is played to those who wait.
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

func quantilesOf(d []time.Duration) Quantiles {
	if len(d) == 0 {
		return Quantiles{}
	}
	slices.Sort(d)
	at := func(q float64) float64 { return milliseconds(d[min(len(d)-1, int(q*float64(len(d))))]) }
	return Quantiles{N: len(d), P50: at(.5), P95: at(.95), P99: at(.99), Max: at(1)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
