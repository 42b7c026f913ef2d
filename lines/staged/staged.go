// Package staged compares the new version of a line, which takes a share of the calls, with the version before, and says
// when it is worse than it may be. It counts the events of calls that ended, and changes nothing.
package staged

import (
	"fmt"
	"math"

	"countersign/session/event"
	"countersign/session/shared"
)

// Arm counts the calls on one version.
type Arm struct {
	Calls int `json:"calls"`
	// Unverified were handed on without being verified, Abandoned hung up before they were; Errors ended by a failure of
	// ours.
	Unverified int `json:"unverified"`
	Abandoned  int `json:"abandoned"`
	Errors     int `json:"errors"`
}

// Verified is how many were verified, or only identified where the line asks for no more.
func (a Arm) Verified() int { return a.Calls - a.Unverified - a.Abandoned - a.Errors }

// Tally counts the calls on both versions of one start.
type Tally struct {
	New    Arm `json:"new"`
	Before Arm `json:"before"`

	back map[string]bool // calls that came back, by id, until they end
}

// Saw counts an event. v is the version that is staged.
func (t *Tally) Saw(v shared.LineVersion, e event.Event) {
	if v.Staged == nil || e.Line != v.Name || !e.Real() || e.Time.Before(v.Staged.Since) {
		return
	}
	switch d := e.Data.(type) {
	case event.CallStarted:
		if d.Continues != "" { // it was counted at its first visit
			if t.back == nil {
				t.back = map[string]bool{}
			}
			t.back[e.Call] = true
		}
	case event.CallEnded:
		if t.back[e.Call] {
			delete(t.back, e.Call)
			return
		}
		switch {
		case e.LineVersion == v.Staged.Before:
			t.Before.add(d)
		case e.LineVersion >= v.Staged.First && e.LineVersion <= v.Version:
			t.New.add(d)
		}
	}
}

func (a *Arm) add(d event.CallEnded) {
	a.Calls++
	switch {
	case d.Status == event.StatusVerified || d.Reason == event.ReasonOK:
	case d.End == event.EndReleased || d.Reason == event.ReasonUnavailable:
		a.Errors++
	case d.End == event.EndAbandoned:
		a.Abandoned++
	default:
		a.Unverified++
	}
}

// Measure is one way in which the new version may be worse.
type Measure string

// The measures.
const (
	Unverified Measure = "unverified"
	Abandoned  Measure = "abandoned"
	Errors     Measure = "errors"
)

// Difference is by how much the new version is worse in one measure, in points of a hundred calls: the estimate, and the
// interval that the true difference is in.
type Difference struct {
	Measure Measure `json:"measure"`
	// New and Before are percentages.
	New      float64 `json:"new"`
	Before   float64 `json:"before"`
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	// Bound is by how much it may be worse.
	Bound float64 `json:"bound"`
}

// Worse says whether the new version is worse than it may be, whatever chance has done.
func (d Difference) Worse() bool { return d.Low > d.Bound }

const (
	// certain is the number of standard deviations of the interval that decides: it is looked at after every call, so it
	// is wider than the usual 1.96 of 95 %. With 3.5, a version that is no worse is returned from in fewer than one start
	// of a hundred (TestAVersionThatIsNoWorseStays counts it).
	certain = 3.5
	// shown is that of the interval that people see: 95 %.
	shown = 1.96
	// least is the number of calls on the new version before anything is decided.
	least = 20
)

// Differences compares the versions as people see it.
func (t Tally) Differences(b shared.Bounds) []Difference { return t.differences(b, shown) }

func (t Tally) differences(b shared.Bounds, z float64) (all []Difference) {
	for _, m := range []struct {
		measure     Measure
		new, before int
		bound       float64
	}{
		{Unverified, t.New.Unverified, t.Before.Unverified, b.Unverified},
		{Abandoned, t.New.Abandoned, t.Before.Abandoned, b.Abandoned},
		{Errors, t.New.Errors, t.Before.Errors, b.Errors},
	} {
		d := Difference{Measure: m.measure, Bound: m.bound, New: percent(m.new, t.New.Calls), Before: percent(m.before, t.Before.Calls)}
		d.Estimate = d.New - d.Before
		d.Low, d.High = newcombe(m.new, t.New.Calls, m.before, t.Before.Calls, z)
		all = append(all, d)
	}
	return all
}

func percent(k, n int) float64 {
	if n == 0 {
		return 0
	}
	return 100 * float64(k) / float64(n)
}

// Verdict says why the start has to end, or "".
func (t Tally) Verdict(b shared.Bounds) string {
	if t.New.Calls < least || t.Before.Calls == 0 {
		return ""
	}
	for _, d := range t.differences(b, certain) {
		if d.Worse() {
			return fmt.Sprintf("%s: %.0f %% of %d calls, against %.0f %% of %d calls on the version before: at least %.0f points worse, and %.0f are allowed",
				d.Measure, d.New, t.New.Calls, d.Before, t.Before.Calls, math.Floor(d.Low), d.Bound)
		}
	}
	return ""
}

// newcombe is the interval of the difference of two proportions, in points of a hundred: Newcombe's hybrid score
// interval (Statistics in Medicine 17, 1998, method 10), from Wilson's interval of each. It holds for few calls, too.
func newcombe(k1, n1, k2, n2 int, z float64) (low, high float64) {
	if n1 == 0 || n2 == 0 {
		return -100, 100
	}
	p1, p2 := float64(k1)/float64(n1), float64(k2)/float64(n2)
	l1, u1 := wilson(p1, float64(n1), z)
	l2, u2 := wilson(p2, float64(n2), z)
	d := p1 - p2
	return 100 * (d - math.Hypot(p1-l1, u2-p2)), 100 * (d + math.Hypot(u1-p1, p2-l2))
}

// wilson is Wilson's score interval of a proportion.
func wilson(p, n, z float64) (low, high float64) {
	centre := p + z*z/(2*n)
	spread := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return math.Max(0, (centre-spread)/(1+z*z/n)), math.Min(1, (centre+spread)/(1+z*z/n))
}
