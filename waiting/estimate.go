package waiting

import (
	"math"
	"time"
)

// State is a queue as the telephone system has it.
type State struct {
	// Waiting is how many callers wait.
	Waiting int
	// OnDuty is how many agents take calls of it, busy or not; Free how many of them nobody occupies.
	OnDuty, Free int
	// First is when the first of those who wait joined; zero if nobody waits.
	First time.Time
}

// Range is how long a caller who joins now waits, in 8 of 10 calls. Of the others half wait less than Low, half more than
// High.
type Range struct{ Low, High time.Duration }

// served says whether a caller who joins now finds a free agent.
func (s State) served() bool { return s.Free > s.Waiting }

// Numbers of the estimate (docs/waiting.md).
const (
	// usualHandling is the handling time before any call was seen.
	usualHandling = 3 * time.Minute
	// handlingWeight is that of the newest call in the moving average of handling times.
	handlingWeight = 0.05
	// atOnce is the most that a caller waits whom a free agent takes: the telephone rings.
	atOnce = 45 * time.Second
	// tail is the share of calls below Low, and that above High.
	tail = 0.1
	// step is how far a bound moves when a wait of the next in turn was on its other side; in turn k it is √k times less, as
	// the range is narrower then.
	step = 0.05
	// most bounds the correction of a bound, in natural logarithms: a twentieth to twenty times.
	most = 3.0
)

// z is the standard normal quantile of 1 − tail.
const z = 1.2815515655446004

// Estimator estimates the waits of one queue, and learns from those that it sees. It is not safe for concurrent use.
type Estimator struct {
	// Handling is the moving average of how long an agent is busy with a call; 0 before the first.
	Handling time.Duration `json:"handling"`
	// Bounds correct Low and High, by how many callers come before (classOf), in natural logarithms.
	Bounds [classes]Correction `json:"bounds"`
}

// Correction is how much Low and High are off, in natural logarithms.
type Correction struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// classes are how many classes of queue length have corrections of their own.
const classes = 6

// classOf is 0 for the next in turn, then one for each doubling.
func classOf(turn int) int { return min(int(math.Log2(float64(turn))), classes-1) }

// Estimate is the range of a caller who joins a queue in this state; ok is false if nobody is on duty.
//
// A caller in turn k waits for k calls to end. With c agents who each take H for a call, one ends every H/c, so that the
// wait is about Erlang-distributed, with the mean k·H/c. Its quantiles are those of Wilson and Hilferty (1931). What the
// model does not know (breaks, shifts, calls of other queues) is corrected by what callers waited: each bound moves a
// little after every call, so that a tenth of the waits end up beyond it (Gibbs and Candès, 2021).
func (e *Estimator) Estimate(s State) (r Range, ok bool) {
	switch {
	case s.OnDuty <= 0:
		return Range{}, false
	case s.served():
		return Range{High: atOnce}, true
	}
	k := float64(turn(s))
	handling := e.Handling
	if handling <= 0 {
		handling = usualHandling
	}
	mean := k * handling.Seconds() / float64(s.OnDuty)
	c := e.Bounds[classOf(turn(s))]
	return Range{
		Low:  seconds(mean * quantile(k, -z) * math.Exp(c.Low)),
		High: seconds(mean * quantile(k, z) * math.Exp(c.High)),
	}, true
}

// turn is how many calls must end until a caller who joins now is served.
func turn(s State) int { return max(1, s.Waiting-s.Free+1) }

// quantile is that of an Erlang distribution of k stages with the mean 1.
func quantile(k, z float64) float64 {
	root := 1 - 1/(9*k) + z/(3*math.Sqrt(k))
	return math.Pow(max(root, 0.05), 3)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Handled learns how long an agent was busy with a call.
func (e *Estimator) Handled(took time.Duration) {
	if took <= 0 {
		return
	}
	if e.Handling <= 0 {
		e.Handling = took
		return
	}
	e.Handling += time.Duration(handlingWeight * float64(took-e.Handling))
}

// Waited learns how long a caller waited who joined in a state and was told a range.
func (e *Estimator) Waited(s State, said Range, waited time.Duration) {
	if s.OnDuty <= 0 || s.served() {
		return
	}
	c := &e.Bounds[classOf(turn(s))]
	by := step / math.Sqrt(float64(turn(s)))
	c.High = moved(c.High, by, waited > said.High, 1-tail)
	c.Low = moved(c.Low, by, waited > said.Low, tail)
}

// moved is a bound's correction after a wait above it or not: it stays where it is on average once a share of the waits is
// below it.
func moved(correction, by float64, above bool, share float64) float64 {
	if above {
		correction += by * share
	} else {
		correction -= by * (1 - share)
	}
	return min(max(correction, -most), most)
}
