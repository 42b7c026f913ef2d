package staff

import (
	"cmp"
	"slices"
	"time"

	"countersign/session/event"
	"countersign/web/live"
)

// funnelStep is a step of the calls of the last hour: how often it was run, and how often passed.
type funnelStep struct {
	Step          string
	Asked, Passed int
	// Running are in it now.
	Running int
	// W and PassedW are the widths of its bars, of 1000.
	W, PassedW float64

	positions int
}

// Percent is passed in percent of asked, without those that are in it now.
func (f funnelStep) Percent() int {
	if over := f.Asked - f.Running; over > 0 {
		return (100*f.Passed + over/2) / over
	}
	return 0
}

// funnelOf adds up the steps that began since a time, in the order in which calls reach them.
func funnelOf(calls []live.Call, since time.Time) (all []funnelStep) {
	at := map[string]int{}
	for _, c := range calls {
		for position, s := range c.Steps {
			if s.Started.Before(since) {
				continue
			}
			i, ok := at[s.Step]
			if !ok {
				i = len(all)
				at[s.Step] = i
				all = append(all, funnelStep{Step: s.Step})
			}
			all[i].Asked++
			all[i].positions += position
			switch {
			case s.Finished && s.Result == event.StepPassed:
				all[i].Passed++
			case !s.Finished && c.Running():
				all[i].Running++
			}
		}
	}
	most := 1
	for _, f := range all {
		most = max(most, f.Asked)
	}
	for i := range all {
		all[i].W = rounded(stepWidth * float64(all[i].Asked) / float64(most))
		all[i].PassedW = rounded(stepWidth * float64(all[i].Passed) / float64(most))
	}
	slices.SortFunc(all, func(a, b funnelStep) int {
		return cmp.Or(cmp.Compare(a.positions*b.Asked, b.positions*a.Asked), cmp.Compare(a.Step, b.Step))
	})
	return all
}
