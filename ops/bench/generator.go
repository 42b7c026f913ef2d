package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"countersign/freeswitch/sim"
)

// generator makes calls at a rate, whether or not earlier ones have ended: as callers do.
type generator struct {
	options Options
	sw      *sim.Switch
	next    int           // the next call
	lasts   time.Duration // of a call that nobody disturbs
	gaps    *rand.Rand
	spent   *spending
}

const (
	// mostAtOnce bounds the calls that run: beyond it callers are not made, and the rate has not held.
	mostAtOnce = 20_000
	// overWithin is what callers get to end their calls after a step, beside the time that a call takes.
	overWithin = 20 * time.Second
	// promptLength is that of prompts that are not on this machine.
	promptLength = 2 * time.Second
)

func newGenerator(o Options) (*generator, error) {
	sw, err := sim.New(sim.Options{Address: o.Server.Address, Speed: o.Speed, Sounds: &sim.Sounds{Default: promptLength}})
	if err != nil {
		return nil, err
	}
	return &generator{options: o, sw: sw, gaps: rand.New(rand.NewPCG(1, 2)), spent: newSpending(o.Server)}, nil
}

// call is that of the i-th caller, from a number of their own that nobody knows.
func (g *generator) call(i int) sim.CallOptions {
	to := g.options.To
	if to == "" {
		to = "5000"
	}
	return sim.CallOptions{
		From: "+1555" + strconv.Itoa(3_000_000+i%6_000_000), To: to,
		Variables: []sim.Variable{{Name: "cs_line", Value: g.options.Script.line}},
		Caller:    g.options.Script.caller(i%g.options.Customers, g.options.Customers),
	}
}

// step holds a rate. Callers come at random, so many in a second on average, and those of the first moments, until as
// many are there as the rate brings, are not counted.
func (g *generator) step(ctx context.Context, rate float64, length time.Duration) (Step, error) {
	calling, hangUp := context.WithCancel(ctx)
	defer hangUp()
	s := Step{Rate: rate}
	var mu sync.Mutex
	var calls sync.WaitGroup
	var running atomic.Int64
	late := watchLateness()
	began := time.Now()
	counted, ends := began.Add(g.lasts), began.Add(g.lasts+length)
	var from spent
	made, measuring, most := 0, false, false
	for due := began; due.Before(ends) && ctx.Err() == nil; due = due.Add(g.gap(rate)) {
		pause(ctx, due)
		if !measuring && !due.Before(counted) {
			from, measuring = g.spent.now(ctx), true
		}
		if most = running.Load() >= mostAtOnce; most {
			break
		}
		late.add(time.Since(due))
		i, counts := g.next, measuring
		g.next++
		if counts {
			made++
		}
		running.Add(1)
		calls.Go(func() {
			defer running.Add(-1)
			r, err := g.sw.Call(calling, g.call(i))
			if counts {
				mu.Lock()
				defer mu.Unlock()
				s.add(r, err)
			}
		})
	}
	until := g.spent.now(ctx)
	s.AtOnce, s.PiledUp = int(running.Load()), most
	s.spent(from, until, made)
	over := time.AfterFunc(g.lasts+overWithin, hangUp)
	calls.Wait()
	over.Stop()
	s.Reaction = timesOf(s.reactions)
	s.Lateness = timesOf(late.all())
	if s.Calls == 0 && ctx.Err() == nil {
		return s, errors.New("no call was made: the step is too short for its rate")
	}
	return s, ctx.Err()
}

// gap is the time until the next caller.
func (g *generator) gap(rate float64) time.Duration {
	return time.Duration(g.gaps.ExpFloat64() / rate * float64(time.Second))
}

// pause waits until due, or until ctx ends.
func pause(ctx context.Context, due time.Time) {
	d := time.Until(due)
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
