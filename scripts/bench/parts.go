package main

import (
	"fmt"
	"io"
	"time"
)

// part is what is measured at one time.
type part struct {
	name, about string
	minutes     float64 // that it takes on two cores, roughly
	measure     func(*bench) (*Part, error)
}

// parts are all, in the order in which they are measured.
var parts = []part{
	{"cost", "processor time, allocations and bytes of a call, callers take no time", 7, (*bench).cost},
	{"cost-busy", "the same with neighbours that keep all cores busy", 3, (*bench).costBusy},
	{"steady", "reaction in real time, calls spread evenly", 3, (*bench).steady},
	{"burst", "everybody calls at the same moment, in real time", 3, (*bench).burst},
	{"waiting", "memory of calls that wait for a key", 2, (*bench).waiting},
	{"freeswitch", "on a real FreeSWITCH, beside mod_lua and a dialplan, each", 5, (*bench).freeswitch},
	{"profile", "where the processor time goes", 1, (*bench).profile},
}

// bench is how all parts are measured.
type bench struct {
	servers []string
	at      []int // calls at once, in place of a part's own
	rounds  int
	scale   float64 // of the numbers of calls
	product product
	// profiles is a folder for those that go tool pprof reads; empty: they are not kept.
	profiles string
	// switches are programs of FreeSWITCH.
	switches []string
	out      io.Writer
}

func (b *bench) numbers(usual ...int) []int {
	if len(b.at) > 0 {
		return b.at
	}
	return usual
}

// each is how often every caller calls, so that together they call so many times.
func (b *bench) each(atOnce, calls int) int { return max(1, int(float64(calls)*b.scale)/atOnce) }

func (b *bench) cost() (*Part, error) {
	p := &Part{Machine: thisMachine()}
	for _, n := range b.numbers(1, 50, 500, 5000) {
		calls := 1000
		if n == 1 {
			calls = 200 // one after the other
		}
		rounds := b.rounds
		if n >= 5000 {
			rounds = max(1, b.rounds/2) // of a minute each
		}
		if err := b.inTurn(p, rounds, load{callers: n, each: b.each(n, calls)}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (b *bench) costBusy() (*Part, error) {
	p := &Part{Machine: thisMachine(), Busy: true}
	stop, err := startNeighbours(cores())
	if err != nil {
		return nil, err
	}
	defer stop()
	for _, n := range b.numbers(50) {
		if err := b.inTurn(p, b.rounds, load{callers: n, each: b.each(n, 500)}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// think is how long callers take before they key, in real time.
const think = 2 * time.Second

func (b *bench) steady() (*Part, error) {
	p := &Part{Machine: thisMachine()}
	for _, n := range b.numbers(50, 500) {
		l := load{callers: n, each: b.each(n, 4*n), spread: 5 * time.Second, think: think, speed: 1}
		if err := b.inTurn(p, 1, l); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (b *bench) burst() (*Part, error) {
	p := &Part{Machine: thisMachine()}
	for _, n := range b.numbers(500, 5000) {
		if err := b.inTurn(p, 1, load{callers: n, each: b.each(n, 2*n), think: think, speed: 1}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// inTurn has every server answer the same load, and that so many times, so that what disturbs the machine for a while
// disturbs all of them.
func (b *bench) inTurn(p *Part, rounds int, l load) error {
	for round := range rounds {
		for _, name := range b.servers {
			r, err := b.on(name, l.calls(), func(s *server) (*Run, error) { return l.run(s) })
			if err != nil {
				return fmt.Errorf("%s, %d at once: %w", name, l.callers, err)
			}
			r.Server, r.Round = name, round+1
			p.Runs = append(p.Runs, *r)
			fmt.Fprintln(b.out, r)
		}
	}
	return nil
}

// on starts a server with customers for so many calls, and stops it.
func (b *bench) on(name string, customers int, measure func(*server) (*Run, error)) (*Run, error) {
	p := b.product
	p.customers = customersCSV(customers)
	s, err := start(name, p)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	return measure(s)
}

// String is a line for whoever watches.
func (r *Run) String() string {
	text := fmt.Sprintf("%-8s round %d  %5d at once  %6d calls  %5.0f/s  server %6.2f ms  callers %5.2f ms  load %.1f",
		r.Server, r.Round, r.AtOnce, r.Calls, r.PerSecond, r.ServerMS, r.GeneratorMS, r.Load)
	if r.Reaction.N > 0 {
		text += fmt.Sprintf("  reaction p50 %.2f p99 %.2f ms", r.Reaction.P50, r.Reaction.P99)
	}
	if r.Checked.N > 0 {
		text += fmt.Sprintf("  PIN checked p50 %.0f most %.0f ms", r.Checked.P50, r.Checked.Max)
	}
	if r.Verified != r.Calls {
		text += fmt.Sprintf("  not verified: %d identified, %d unverified, %d unfinished %v", r.Identified, r.Unverified,
			r.Unfinished, r.Faults)
	}
	return text
}
