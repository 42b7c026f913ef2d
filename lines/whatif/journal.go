package whatif

import (
	"context"
	"fmt"

	"countersign/session/event"
)

// journal is the session.Journal of a call that is run once more: it follows the steps.
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
		case event.Routed:
			j.outcome.Route, j.outcome.Destination = d.Outcome, d.Destination
		case event.CallEnded:
			j.outcome.ended(d)
		}
		j.fallSilent(e.Data)
	}
	return nil
}

// fallSilent ends the call behind the last event, where the caller was gone between two steps.
func (p *player) fallSilent(last event.Data) {
	if p.rec.silent == nil || p.finished != len(p.rec.steps) {
		return
	}
	switch last.(type) {
	case event.Verified, event.Failed:
		p.leave(p.rec.silent)
	case event.CallStarted, event.StepFinished:
		if !p.rec.decided {
			p.leave(p.rec.silent)
		}
	}
}

// Sync implements session.Journal.
func (journal) Sync(context.Context) error { return nil }

// finish compares a step with the one that came then.
func (p *player) finish(d event.StepFinished) {
	if p.differs.step == "" && p.unknown == "" {
		switch {
		case p.finished >= len(p.rec.steps):
			p.differ(d.Step, "%s, and did not come then", came(d))
		case p.rec.steps[p.finished].name != d.Step:
			p.differ(d.Step, "%s, where %s came then", came(d), p.rec.steps[p.finished].name)
		default:
			if was := p.rec.steps[p.finished].StepFinished; was.Result != d.Result || was.Reason != d.Reason {
				p.differ(d.Step, "%s → %s", came(was), came(d))
			}
		}
	}
	p.finished++
	p.name, p.step = "", nil
}

func (p *player) differ(step, format string, a ...any) {
	p.differs.step, p.differs.why = step, fmt.Sprintf(format, a...)
}

// lastStep says of a call that took the same way as far as it went what is different.
func (p *player) lastStep(r *Result) {
	switch {
	case r.Step != "":
	case p.finished < len(p.rec.steps):
		next := p.rec.steps[p.finished]
		r.Step, r.Why = next.name, came(next.StepFinished)+" then, and does not come"
	case r.Verdict == Changed && r.Before.Destination != r.After.Destination:
		r.Why = fmt.Sprintf("%s leads elsewhere", r.After.Route)
	case r.Verdict == Changed:
		r.Why = "the line wants another level"
	}
}

// came says how a step ended.
func came(d event.StepFinished) string {
	if d.Reason == "" {
		return string(d.Result)
	}
	return string(d.Result) + " " + string(d.Reason)
}
