package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAStepHoldsWithinItsLimits(t *testing.T) {
	t.Parallel()
	l := DefaultLimits()
	good := Step{Outcomes: Outcomes{Calls: 2000, Verified: 1999}, Reaction: Times{P99: 199}, Behind: 2.9}
	assert.Empty(t, l.bent(good), "1 of 2,000 is less than 0.1 %")
	for what, change := range map[string]func(*Step){
		"2 of 2000 callers were not verified": func(s *Step) { s.Verified = 1998 },
		"reaction p99 201 ms is over 200 ms":  func(s *Step) { s.Reaction.P99 = 201 },
		"events are 4 s behind":               func(s *Step) { s.Behind = 4 },
		"20000 calls at once: they pile up":   func(s *Step) { s.AtOnce, s.PiledUp = 20_000, true },
	} {
		s := good
		change(&s)
		assert.Equal(t, []string{what}, l.bent(s))
	}
	few := Step{Outcomes: Outcomes{Calls: 50, Verified: 49}}
	assert.NotEmpty(t, l.bent(few), "one of few callers is too many")
}

func TestTheFirstLimitIsNamed(t *testing.T) {
	t.Parallel()
	here := Options{Server: Server{Here: true}, Limits: DefaultLimits()}
	elsewhere := Options{Limits: DefaultLimits()}
	for _, c := range []struct {
		name string
		step Step
		o    Options
		want string
	}{
		{"calls are refused", Step{Refused: 3, MachineShare: 1}, here, limitCalls},
		{"PIN checks wait", Step{HashWaiting: 10_000, MachineShare: 1}, here, limitHash},
		{"PIN checks waited too long", Step{HashRefused: 1}, here, limitHash},
		{"the callers take the machine", Step{Lateness: Times{P99: 80}, GeneratorShare: .6, ServerShare: .3, MachineShare: .95}, here,
			limitGenerator},
		{"late callers on another machine", Step{Lateness: Times{P99: 80}, GeneratorShare: .2}, elsewhere, limitGenerator},
		{"callers in time on another machine", Step{Lateness: Times{P99: 40}, GeneratorShare: .9, MachineShare: .95}, elsewhere,
			limitMachine},
		{"service and callers fill the machine", Step{Lateness: Times{P99: 80}, GeneratorShare: .3, ServerShare: .6, MachineShare: .97},
			here, limitMachine},
		{"others fill the machine", Step{GeneratorShare: .1, ServerShare: .3, MachineShare: .97}, here, limitOthers},
		{"the disk is slow", Step{CommitMS: 80, MachineShare: .4}, here, limitDisk},
		{"events are behind", Step{Behind: 10, MachineShare: .4}, here, limitDisk},
		{"nothing is full", Step{MachineShare: .4}, here, limitUnknown},
	} {
		c.step.Bent = []string{"reaction p99"}
		assert.Equal(t, c.want, firstLimit([]Step{c.step}, c.o).Name, c.name)
	}
	assert.Equal(t, limitNone, firstLimit([]Step{{}, {}}, here).Name)
	higher := Step{Rate: 80, Bent: []string{"x"}, Refused: 3}
	lower := Step{Rate: 40, Bent: []string{"x"}, HashRefused: 3}
	assert.Equal(t, limitHash, firstLimit([]Step{{Rate: 20}, higher, lower}, here).Name, "what gave way at the lowest rate")
}

func TestAReportSaysWhetherTheCallersWereTheLimit(t *testing.T) {
	t.Parallel()
	held := Step{Rate: 100, Outcomes: Outcomes{Calls: 500, Verified: 500}, GeneratorShare: .1, ServerShare: .6}
	r := Report{Result: Result{Rate: 100, Held: &held, Limit: Limit{Name: limitMachine}}}
	assert.Contains(t, r.Verdict(), "takes 100 calls a second: 500 of 500")
	assert.Contains(t, r.Generator(), "They were not the limit")
	held.GeneratorShare = .4
	assert.Contains(t, r.Generator(), "share the machine")
	r.Limit.Name = limitGenerator
	assert.Contains(t, r.Generator(), "lower bound")
	assert.Contains(t, r.Verdict(), "at least 100")
	assert.Contains(t, (&Report{}).Verdict(), "No rate")
}

func TestTimesAreQuantiles(t *testing.T) {
	t.Parallel()
	var all []time.Duration
	for i := range 100 {
		all = append(all, time.Duration(100-i)*time.Millisecond)
	}
	assert.Equal(t, Times{P50: 51, P95: 96, P99: 100, Max: 100}, timesOf(all))
	assert.Equal(t, Times{}, timesOf(nil))
}
