package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
)

// faultLoad is the callers of a round: each calls again and again, as somebody else each time, until end.
type faultLoad struct {
	cancel  context.CancelFunc
	stop    chan struct{} // closed: nobody calls any more
	calling sync.WaitGroup

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced with each change
	running  int
	over     int
	cut      []time.Time       // when callers were cut off
	calls    []faultCall       // those that are over
	handedOn map[string]string // status by call
}

// faultCall is a call that is over.
type faultCall struct {
	right        bool // they knew what they were asked for
	hungUp       bool // they would hang up
	began, ended time.Time
	result       sim.Result
	err          error
}

// begin lets callers call, and returns when most of them are on a call.
func (s *faultSite) begin() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	l := &faultLoad{cancel: cancel, stop: make(chan struct{}), changed: make(chan struct{}), handedOn: map[string]string{}}
	if s.load != nil {
		l.handedOn = s.load.handedOn
	}
	s.load = l
	s.t.Cleanup(func() { cancel(); l.calling.Wait() })
	for range s.by.callers {
		r := rand.New(rand.NewPCG(s.rand.Uint64(), 0))
		l.calling.Go(func() {
			for wait := time.Duration(0); l.after(wait); wait = time.Duration(r.Int64N(int64(time.Second / 2))) {
				think := float64(r.Int64N(int64(s.by.thinks)))
				l.call(ctx, s.phone, s.next(), time.Duration(think*s.by.speed))
			}
		})
	}
	s.awaitLoad("callers are on a call", func() bool { return l.running >= s.by.callers*3/5 })
}

// next is the number of somebody who has not called yet; when all have, they begin again.
func (s *faultSite) next() int {
	s.load.mu.Lock()
	defer s.load.mu.Unlock()
	s.first++
	if !s.by.large && s.first%8 == 6 { // who says nothing does so for a while
		s.first++
	}
	return s.first % s.customers
}

// after waits, and is false if nobody calls any more.
func (l *faultLoad) after(wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-l.stop:
		return false
	case <-timer.C:
		return true
	}
}

func (l *faultLoad) call(ctx context.Context, phone *sim.Switch, i int, thinks time.Duration) {
	o := person(i)
	o.Caller = unhurried(o.Caller, thinks)
	l.change(func() { l.running++ })
	c := faultCall{right: i%8 < 3, hungUp: i%8 == 5, began: time.Now()}
	c.result, c.err = phone.Call(ctx, o)
	c.ended = time.Now()
	l.change(func() {
		l.running--
		l.over++
		l.calls = append(l.calls, c)
		if c.result.End == sim.Transferred {
			l.handedOn[c.result.Variables["cs_call"]] = c.result.Variables["cs_status"]
		}
	})
}

// unhurried is a caller who hears each prompt for a while before they react.
func unhurried(who sim.Caller, wait time.Duration) sim.Caller {
	return sim.CallerFunc(func(p sim.Prompt) []sim.Act {
		acts := who.Hear(p)
		if len(acts) > 0 {
			acts[0].Wait += wait
		}
		return acts
	})
}

func (l *faultLoad) change(what func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	what()
	close(l.changed)
	l.changed = make(chan struct{})
}

// awaitLoad waits until something is so of the callers.
func (s *faultSite) awaitLoad(what string, is func() bool) {
	s.t.Helper()
	l, late := s.load, time.NewTimer(patience)
	defer late.Stop()
	for {
		l.mu.Lock()
		now, changed, running, over := is(), l.changed, l.running, l.over
		l.mu.Unlock()
		if now {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			require.FailNow(s.t, "it takes too long until "+what, "%d are on a call, %d calls are over", running, over)
		}
	}
}

// awaitOver waits until so many more calls are over.
func (s *faultSite) awaitOver(more int) {
	s.t.Helper()
	s.load.mu.Lock()
	until := s.load.over + more
	s.load.mu.Unlock()
	s.awaitLoad("calls are over", func() bool { return s.load.over >= until })
}

// awaitVerified waits until so many who begin to call from now on are verified.
func (s *faultSite) awaitVerified(callers int) {
	s.t.Helper()
	from := time.Now()
	s.awaitLoad("callers are verified again", func() bool {
		verified := 0
		for _, c := range s.load.calls {
			if c.began.After(from) && c.result.Variables["cs_status"] == "verified" {
				verified++
			}
		}
		return verified >= callers
	})
}

// cutOff notes that whoever is on a call now is cut off.
func (s *faultSite) cutOff() { s.load.change(func() { s.load.cut = append(s.load.cut, time.Now()) }) }

// end waits for the last calls, and counts what became of all.
func (s *faultSite) end() {
	s.t.Helper()
	close(s.load.stop)
	s.awaitLoad("the last calls are over", func() bool { return s.load.running == 0 })
	s.load.calling.Wait()
	s.load.cancel()
	for _, c := range s.load.calls {
		s.counts.add(s, c)
	}
}

// waited is the longest time that a caller heard nothing, or was cut off and not with a person yet.
func (l *faultLoad) waited(c faultCall) time.Duration {
	t := c.result.Times
	longest := max(t.Connect, t.FirstPrompt, t.Handover, t.Silence)
	for _, r := range t.Reactions {
		longest = max(longest, r)
	}
	for _, at := range l.cut {
		if c.result.End == sim.Resumed && c.began.Before(at) && at.Before(c.ended) {
			longest = max(longest, c.ended.Sub(at))
		}
	}
	return longest
}
