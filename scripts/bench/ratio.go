package main

import (
	"fmt"
	"slices"
)

// ratio compares two servers that were measured in turn: each round's quotient, which noise that lasts longer than a
// round does not change.
type ratio struct{ median, least, most float64 }

// ratioOf is of what a run tells; ok is false without a round of both.
func (p *Part) ratioOf(a, b string, atOnce int, what func(Run) float64) (r ratio, rounds int) {
	var quotients []float64
	for _, x := range p.of(a, atOnce) {
		for _, y := range p.of(b, atOnce) {
			if x.Round == y.Round && what(y) > 0 {
				quotients = append(quotients, what(x)/what(y))
			}
		}
	}
	if len(quotients) == 0 {
		return ratio{}, 0
	}
	return ratio{median(quotients), slices.Min(quotients), slices.Max(quotients)}, len(quotients)
}

// String is the median, and between which values the rounds were.
func (r ratio) String() string { return fmt.Sprintf("%.3f (%.3f–%.3f)", r.median, r.least, r.most) }

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// medianOf is the median of what runs tell.
func medianOf(runs []Run, what func(Run) float64) float64 {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = what(r)
	}
	return median(values)
}

func serverMS(r Run) float64 { return r.ServerMS }
