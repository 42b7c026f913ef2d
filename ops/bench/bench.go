// Package bench answers "how many calls does this machine take?". It plays FreeSWITCH and its callers towards a service
// in a process of its own, raises the rate of calls until callers fail or wait too long, and says what gave way first.
//
// Callers are made up and give right answers, so everybody who is not verified was turned away. The package starts no
// service and reads nothing of a company's: Options.Server is a service with the customers that Script makes.
package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"countersign/freeswitch/sim"
)

// Options configure a run.
type Options struct {
	Server Server
	// Script is what callers are asked and answer, Customers how many of its customers are on file.
	Script    *Script
	Customers int
	// To is the number that they call; empty: 5000.
	To string
	// Speed is how many times faster than people callers are, prompts with them.
	Speed float64
	// Start is the first rate, in calls a second, Most the highest that is tried. If they are the same, it is held once.
	Start, Most float64
	// For bounds the whole run, without the start of the service.
	For time.Duration
	// Step is how long each rate is held, up to four times as long at a low rate, so that a 99th percentile is of 50 calls.
	// The highest is held twice as long in the end.
	Step   time.Duration
	Limits Limits
	// Stepped is called after each step. It may be nil.
	Stepped func(Step)
}

// Server is the service that is called.
type Server struct {
	// Address is its event socket, HOST:PORT.
	Address string
	// Metrics is the URL of its metrics; empty: what it spends is not known.
	Metrics string
	// Here says that it runs on this machine, beside the callers.
	Here bool
}

// Limits say when a rate does not hold.
type Limits struct {
	// Failed is the share of callers who may be turned away, such as 0.001.
	Failed float64 `json:"failed"`
	// Reaction is what the 99th percentile of reactions may take.
	Reaction time.Duration `json:"-"`
	// Behind is how old the oldest event may be that NATS has not confirmed.
	Behind time.Duration `json:"-"`
}

// DefaultLimits are those of docs/policy.md#bench.
func DefaultLimits() Limits {
	return Limits{Failed: 0.001, Reaction: 200 * time.Millisecond, Behind: 3 * time.Second}
}

// Result is what a run found.
type Result struct {
	// Rate is the highest that held, in calls a second; 0 if none did.
	Rate float64 `json:"rate"`
	// IdleBytes is the service's memory before the first step.
	IdleBytes float64 `json:"idle_bytes"`
	// Steps are all rates that were tried, in this order.
	Steps []Step `json:"steps"`
	// Held is the last step at Rate, nil if none held.
	Held *Step `json:"held"`
	// Limit is what gave way first.
	Limit Limit `json:"limit"`
	// Cut says that the run ended before the highest rate was found.
	Cut bool `json:"cut"`
}

// ErrNotVerified means that the first caller was not verified: nothing was measured.
var ErrNotVerified = errors.New("the first caller was not verified")

// precision is how close the search comes to the highest rate.
const precision = 1.12

// Run calls the service until it has found the highest rate that holds, For is over, or ctx ends, which is an error.
func Run(ctx context.Context, o Options) (*Result, error) {
	g, err := newGenerator(o)
	if err != nil {
		return nil, err
	}
	err = g.first(ctx)
	for asked := time.Now(); o.Server.Here && errors.Is(err, ErrNotVerified) && time.Since(asked) < lineWithin; {
		pause(ctx, time.Now().Add(lineWithin/10))
		err = g.first(ctx)
	}
	if err != nil {
		return nil, err
	}
	r := &Result{IdleBytes: g.spent.now(ctx).resident}
	began := time.Now()
	hold := func(rate float64, length time.Duration) (bool, error) {
		length = min(max(length, time.Duration(fewestCalls/rate*float64(time.Second))), 4*length)
		s, err := g.step(ctx, rate, length)
		if err != nil {
			return false, err
		}
		s.Bent = o.Limits.bent(s)
		r.Steps = append(r.Steps, s)
		if o.Stepped != nil {
			o.Stepped(s)
		}
		return len(s.Bent) == 0, nil
	}
	find := search{
		start: o.Start, most: o.Most, precision: precision,
		// A step lasts two calls longer than it is held, and the last one twice as long.
		more: func() bool { return time.Since(began)+3*o.Step+4*g.lasts < o.For },
		try:  func(rate float64) (bool, error) { return hold(rate, o.Step) },
	}
	rate, bent := o.Start, false
	if o.Start == o.Most {
		var holds bool
		if holds, err = hold(rate, o.Step); !holds {
			rate, bent = 0, true
		}
	} else {
		rate, bent, err = find.highest()
	}
	for err == nil && rate > 0 && o.Start < o.Most { // a longer look at the highest; a little less if that does not hold
		var holds bool
		if holds, err = hold(rate, 2*o.Step); err != nil || holds {
			break
		}
		bent = true
		if rate = roundRate(rate * 0.85); rate < slowest || time.Since(began)+2*o.Step+2*g.lasts > o.For {
			rate = 0
		}
	}
	if err != nil {
		return nil, err
	}
	r.Rate, r.Cut = rate, !bent
	if rate > 0 {
		r.Held = &r.Steps[len(r.Steps)-1]
	}
	r.Limit = firstLimit(r.Steps, o)
	return r, nil
}

// fewestCalls are those of a step, if its time allows.
const fewestCalls = 50

// lineWithin is how soon a line is in force that was put in force just before, on a service of bench's own.
const lineWithin = 3 * time.Second

// slowest is the lowest rate that is tried.
const slowest = 0.5

// roundRate has two or three digits, for people.
func roundRate(rate float64) float64 {
	if rate >= 100 {
		return math.Round(rate/5) * 5
	}
	if rate >= 10 {
		return math.Round(rate)
	}
	return math.Round(rate*10) / 10
}

// first makes one call, which must be verified: the service has our customers, and not a company's. It tells how long calls
// last.
func (g *generator) first(ctx context.Context) error {
	r, err := g.sw.Call(ctx, g.call(0))
	switch {
	case err != nil:
		return err
	case r.Variables["cs_status"] == "verified" && r.End == sim.Transferred:
		g.lasts = r.Times.Total
		return nil
	case r.Times.Connect == 0:
		return fmt.Errorf("no answer at %s: %s", g.options.Server.Address, r.Reason)
	}
	heard := "nothing"
	if n := len(r.Prompts); n > 0 {
		heard = r.Prompts[n-1].Name()
	}
	return fmt.Errorf("%w, but %s (%s); the last prompt was %q", ErrNotVerified, orNone(r.Variables["cs_status"]),
		orNone(r.Variables["cs_reason"]), heard)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
