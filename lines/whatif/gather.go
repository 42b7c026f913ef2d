package whatif

import (
	"slices"

	"countersign/session/event"
)

// Gather groups the events of many calls by call. The zero value is ready.
type Gather struct {
	open  map[string][]event.Event
	order []string
}

// Add takes an event. If it is the last of its call, Add returns all events of the call.
func (g *Gather) Add(e event.Event) (whole []event.Event) {
	if g.open == nil {
		g.open = map[string][]event.Event{}
	}
	if e.Fact().AboutAgents() {
		return nil // of no line
	}
	all, known := g.open[e.Call]
	if _, last := e.Data.(event.CallEnded); last && e.Seq == len(all)+1 {
		delete(g.open, e.Call)
		return append(all, e)
	}
	if !known {
		if _, ofCall := e.Data.(event.CallStarted); !ofCall && e.Seq == 1 {
			return nil // not part of a call
		}
		g.order = append(g.order, e.Call)
	}
	g.open[e.Call] = append(all, e)
	return nil
}

// Rest returns the calls that have not ended or whose events came out of order.
func (g *Gather) Rest() (calls [][]event.Event) {
	for _, call := range g.order {
		if events := g.open[call]; events != nil {
			calls = append(calls, events)
			delete(g.open, call)
		}
	}
	g.order = nil
	return calls
}

// inOrder sorts events, and drops duplicates and what agents did with the call.
func inOrder(events []event.Event) []event.Event {
	aboutAgents := func(e event.Event) bool { return e.Fact().AboutAgents() }
	if slices.ContainsFunc(events, aboutAgents) {
		events = slices.DeleteFunc(slices.Clone(events), aboutAgents)
	}
	bySeq := func(a, b event.Event) int { return a.Seq - b.Seq }
	if !slices.IsSortedFunc(events, bySeq) {
		events = slices.Clone(events)
		slices.SortStableFunc(events, bySeq)
	}
	for i := 1; i < len(events); i++ {
		if events[i].Seq == events[i-1].Seq {
			return slices.CompactFunc(slices.Clone(events), func(a, b event.Event) bool { return a.Seq == b.Seq })
		}
	}
	return events
}
