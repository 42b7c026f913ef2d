package live

import (
	"slices"
	"time"

	"countersign/session/event"
)

// Hour is what went on in the last hour, in frames: how many calls were in each phase and step. It is made from the
// calls that are kept, so it costs no memory of its own: measured, a call of ten steps takes about 3 kB, and there are
// at most 20,000.
type Hour struct {
	// From is the time of the first frame, Frame the time between two.
	From  time.Time
	Frame time.Duration
	// Phases and Steps count the calls in each frame; Decided those decided since From, by their status.
	Phases  map[Phase][]int
	Steps   map[string][]int
	Decided map[event.Status][]int
}

// Frames of an hour.
const (
	hourFrame  = 10 * time.Second
	hourFrames = int(time.Hour/hourFrame) + 1
)

// span is a part of a call.
type span struct {
	from, to time.Time
	phase    Phase
	step     string
}

// Hour replays the hour up to now for the calls that pass.
func (c *Calls) Hour(pass func(Call) bool) Hour {
	now := c.now().Truncate(hourFrame)
	h := Hour{
		From: now.Add(-time.Hour), Frame: hourFrame, Phases: map[Phase][]int{}, Steps: map[string][]int{},
		Decided: map[event.Status][]int{},
	}
	for _, p := range []Phase{Asking, Waiting, Ringing, Talking} {
		h.Phases[p] = make([]int, hourFrames)
	}
	for _, s := range []event.Status{event.StatusVerified, event.StatusIdentified, event.StatusNone} {
		h.Decided[s] = make([]int, hourFrames)
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, call := range c.calls {
		if !call.Begun || !call.Own() || !pass(*call) {
			continue
		}
		for _, s := range call.spans(now.Add(hourFrame)) {
			h.add(s)
		}
		h.decide(call)
	}
	return h
}

// add counts a span in each frame at whose time it was going on.
func (h *Hour) add(s span) {
	first, last := h.index(s.from), min(h.index(s.to), hourFrames)
	for i := max(0, first); i < last; i++ {
		h.Phases[s.phase][i]++
		if s.step == "" {
			continue
		}
		if h.Steps[s.step] == nil {
			h.Steps[s.step] = make([]int, hourFrames)
		}
		h.Steps[s.step][i]++
	}
}

// index is the first frame that is not before t.
func (h *Hour) index(t time.Time) int {
	return int((t.Sub(h.From) + h.Frame - 1).Truncate(h.Frame) / h.Frame)
}

func (h *Hour) decide(call *Call) {
	if call.Decided.Before(h.From) { // also if it is not decided
		return
	}
	all, ok := h.Decided[call.Status]
	if !ok {
		all = h.Decided[event.StatusNone]
	}
	for i := max(0, h.index(call.Decided)); i < hourFrames; i++ {
		all[i]++
	}
}

// spans are the parts of a call, one after the other; what is not over lasts until end.
func (c *Call) spans(end time.Time) (all []span) {
	ours := c.Ended
	if c.Running() {
		ours = end
	}
	at := c.Started
	for _, s := range c.Steps {
		over := s.Started.Add(time.Duration(s.Milliseconds) * time.Millisecond)
		if !s.Finished || over.After(ours) {
			over = ours
		}
		if s.Started.After(at) {
			all = append(all, span{at, s.Started, Asking, ""})
		}
		all = append(all, span{s.Started, over, Asking, s.Step})
		at = over
	}
	if ours.After(at) {
		all = append(all, span{at, ours, Asking, ""})
	}
	return append(all, c.agentSpans(ours, end)...)
}

// agentSpans are the parts of a call after it was handed on. Calls ring at several agents at once: the caller waits,
// rings or talks.
func (c *Call) agentSpans(handedOn, end time.Time) (all []span) {
	if len(c.Agents) == 0 || c.Running() {
		return nil
	}
	at := handedOn
	for _, a := range c.Agents {
		if a.Agent == "" { // gave up
			all = append(all, span{at, orEnd(a.Ended, end), Waiting, ""})
			return all
		}
		over := orEnd(a.Ended, end)
		offered := a.Offered
		if offered.IsZero() {
			offered = at
		}
		if offered.After(at) {
			all = append(all, span{at, offered, Waiting, ""})
			at = offered
		}
		ringing := over
		if !a.Connected.IsZero() {
			ringing = a.Connected
		}
		if ringing.After(at) {
			all = append(all, span{at, ringing, Ringing, ""})
			at = ringing
		}
		if !a.Connected.IsZero() && over.After(at) {
			all = append(all, span{at, over, Talking, ""})
			at = over
		}
	}
	if c.Phase() == Waiting {
		all = append(all, span{at, end, Waiting, ""})
	}
	return all
}

func orEnd(t, end time.Time) time.Time {
	if t.IsZero() {
		return end
	}
	return t
}

// StepNames are the steps of the hour, those that most calls were in first.
func (h Hour) StepNames() (names []string) {
	sums := map[string]int{}
	for name, all := range h.Steps {
		names = append(names, name)
		for _, n := range all {
			sums[name] += n
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := sums[b] - sums[a]; d != 0 {
			return d
		}
		if a < b {
			return -1
		}
		return 1
	})
	return names
}
