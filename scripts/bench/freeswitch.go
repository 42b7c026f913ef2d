package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countersign/scripts/bench/pbx"
)

const (
	// callersAtOnce hear how long they wait, on a FreeSWITCH that has nothing else to do.
	callersAtOnce = 12
	// rateLasts is how long calls come at a rate.
	rateLasts = 8 * time.Second
)

// rates are tried until more calls fail than may.
var rates = []float64{20, 40, 80, 160}

// failuresBelow is the share of calls that may fail.
const failuresBelow = 0.001

// freeswitch has real ones answer the same call in three ways, in turn.
func (b *bench) freeswitch() (*Part, error) {
	p := &Part{Machine: thisMachine()}
	for _, program := range b.switches {
		ways, err := b.onSwitch(program)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", program, err)
		}
		p.Ways = append(p.Ways, ways...)
	}
	return p, nil
}

func (b *bench) onSwitch(program string) ([]Way, error) {
	dir, err := os.MkdirTemp("", "countersign-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	product := b.product
	product.customers, product.line = pbx.Customers(), pbx.Line
	s, err := product.startIn(dir)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	top, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	fs, err := pbx.Start(pbx.Options{Binary: program, Repository: filepath.Join(top, root), Socket: s.address,
		Prompts: promptsIn(dir)})
	if err != nil {
		return nil, err
	}
	defer fs.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	callers, err := pbx.NewCallers(ctx, fs)
	if err != nil {
		return nil, err
	}
	if err := callers.Ready(ctx); err != nil {
		return nil, err
	}
	ways := waits(fs.Version, callers.Latency(ctx, callersAtOnce, max(callersAtOnce, int(60*b.scale))))
	for _, w := range ways {
		fmt.Fprintf(b.out, "%s %-12s %4d calls, %d failed %v  p50/p95: first sound %.1f/%.1f, next prompt %.1f/%.1f, "+
			"confirmation %.1f/%.1f ms\n", w.FreeSWITCH, w.Name, w.Calls, w.Failed, w.Faults, w.FirstSound.P50, w.FirstSound.P95,
			w.NextPrompt.P50, w.NextPrompt.P95, w.Confirmed.P50, w.Confirmed.P95)
	}
	b.rates(ctx, callers, ways)
	return ways, nil
}

// waits sums up what callers heard, by the way they were answered.
func waits(version string, calls map[string][]pbx.Call) (ways []Way) {
	for _, name := range pbx.Ways {
		w := Way{FreeSWITCH: version, Name: name, Calls: len(calls[name])}
		var faults []error
		var first, next, confirmed []time.Duration
		for _, c := range calls[name] {
			if c.Fault != nil {
				w.Failed++
				faults = append(faults, c.Fault)
				continue
			}
			first, next = append(first, c.FirstSound), append(next, c.NextPrompt)
			confirmed = append(confirmed, c.Confirmed)
		}
		w.FirstSound, w.NextPrompt, w.Confirmed = quantilesOf(first), quantilesOf(next), quantilesOf(confirmed)
		w.Faults = kinds(faults)
		ways = append(ways, w)
	}
	return ways
}

// rates has calls come faster and faster, each way in turn, until too many of a way fail.
func (b *bench) rates(ctx context.Context, callers *pbx.Callers, ways []Way) {
	failed := map[string]bool{}
	for _, rate := range rates {
		for i := range ways {
			w := &ways[i]
			if failed[w.Name] {
				continue
			}
			lasting := time.Duration(float64(rateLasts) * b.scale)
			calls, faults := callers.Rate(ctx, w.Name, rate, lasting)
			reached := math.Round(float64(calls) / lasting.Seconds()) // less than the rate where the callers are the limit
			w.Rates = append(w.Rates, Rate{PerSecond: reached, Calls: calls, Failed: len(faults)})
			failed[w.Name] = float64(len(faults)) >= failuresBelow*float64(calls)
			fmt.Fprintf(b.out, "%s %-12s %3.0f calls/s: %d of %d failed %v\n", w.FreeSWITCH, w.Name, rate, len(faults), calls,
				kinds(faults))
		}
	}
}

// kinds counts faults by what they say.
func kinds(faults []error) map[string]int {
	n := map[string]int{}
	for _, err := range faults {
		line, _, _ := strings.Cut(err.Error(), "\n")
		n[line]++
	}
	return n
}

// most is the highest rate that was kept up to, and whether a higher one failed.
func (w Way) most() (perSecond float64, failed bool) {
	for _, r := range w.Rates {
		if float64(r.Failed) >= failuresBelow*float64(r.Calls) {
			return perSecond, true
		}
		perSecond = r.PerSecond
	}
	return perSecond, false
}
