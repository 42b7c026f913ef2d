package whatif

import (
	"context"
	"fmt"

	"countersign/session/event"
)

// journal is the session.Journal of a replayed call: it compares the steps with the recorded ones.
type journal struct{ *player }

// Append implements session.Journal.
func (j journal) Append(events ...event.Event) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range events {
		switch d := e.Data.(type) {
		case event.StepStarted:
			j.begin(d.Step)
		case event.StepFinished:
			j.finish(d)
		case event.Identified:
			j.identified++
		case event.Routed:
			j.outcome.Route, j.outcome.Destination = d.Outcome, d.Destination
		case event.CallEnded:
			j.outcome.ended(d)
		}
		j.endBetweenSteps(e.Data)
	}
	return nil
}

// endBetweenSteps ends the call after its last step if the caller left between two steps.
func (p *player) endBetweenSteps(last event.Data) {
	if p.rec.goneBetween == nil || p.finished != len(p.rec.steps) {
		return
	}
	ended := !p.rec.decided
	switch d := last.(type) {
	case event.Verified, event.Failed:
		ended = true
	case event.StepFinished:
		ended = ended || d.Step == remember // which follows the verdict
	case event.CallStarted:
	default:
		return
	}
	if ended {
		p.endCall(p.rec.goneBetween)
	}
}

// Sync implements session.Journal.
func (journal) Sync(context.Context) error { return nil }

// finish compares a step with the recorded one.
func (p *player) finish(d event.StepFinished) {
	if p.divergence.step == "" && p.unknown == "" {
		switch {
		case p.finished >= len(p.rec.steps):
			p.diverge(d.Step, "%s, and was not in the call before", describe(d))
		case p.rec.steps[p.finished].name != d.Step:
			p.diverge(d.Step, "%s, in place of %s", describe(d), p.rec.steps[p.finished].name)
		default:
			if was := p.rec.steps[p.finished].StepFinished; was.Result != d.Result || was.Reason != d.Reason {
				p.diverge(d.Step, "%s → %s", describe(was), describe(d))
			}
		}
	}
	p.finished++
	p.name, p.step = "", nil
}

func (p *player) diverge(step, format string, a ...any) {
	p.divergence.step, p.divergence.why = step, fmt.Sprintf(format, a...)
}

// explain says what differs in a call whose steps so far were the same.
func (p *player) explain(r *Result) {
	switch {
	case r.Step != "":
	case p.finished < len(p.rec.steps):
		next := p.rec.steps[p.finished]
		r.Step, r.Why = next.name, describe(next.StepFinished)+" before, and does not run now"
	case r.Verdict == Changed && r.Before.Destination != r.After.Destination:
		r.Why = fmt.Sprintf("%s has another destination", r.After.Route)
	case r.Verdict == Changed:
		r.Why = "the line requires another level"
	}
}

// describe says how a step ended.
func describe(d event.StepFinished) string {
	if d.Reason == "" {
		return string(d.Result)
	}
	return string(d.Result) + " " + string(d.Reason)
}
