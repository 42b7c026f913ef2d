package replay

import (
	"context"
	"slices"

	"countersign/lines"
	"countersign/lines/whatif"
	"countersign/session/event"
)

// TryOptions say on which lines recorded calls run.
type TryOptions struct {
	Lines []*lines.Definition
	// Region and PopURL are those of the service.
	Region, PopURL string
	// Limit is how many calls that end differently are listed. They are held in memory until all calls have run.
	Limit int
	// Progress, if set, gets the number of calls run so far.
	Progress func(calls int)
}

// Tried is the result of running recorded calls on other lines.
type Tried struct {
	Lines []string `json:"lines"`
	whatif.Summary
	// Others is how many calls of other lines were not run, Tests how many calls by which staff tried a draft.
	Others int `json:"others"`
	Tests  int `json:"tests,omitempty"`
	// Listed are the calls that end differently: at most Limit, the earliest.
	Listed []whatif.Result `json:"listed"`
	limit  int
}

// list adds a call, and drops surplus ones now and then.
func (t *Tried) list(r whatif.Result) {
	if t.Listed = append(t.Listed, r); len(t.Listed)/2 > t.limit {
		t.first()
	}
}

// first keeps the earliest calls.
func (t *Tried) first() {
	slices.SortStableFunc(t.Listed, func(a, b whatif.Result) int { return a.Started.Compare(b.Started) })
	if len(t.Listed) > t.limit {
		clear(t.Listed[t.limit:])
		t.Listed = t.Listed[:t.limit]
	}
}

// Try runs each recorded call on the line with its name. Tried has what ran before an error.
func Try(parent context.Context, from Source, o TryOptions) (*Tried, error) {
	trial, err := whatif.New(o.Lines, whatif.Options{Region: o.Region, PopURL: o.PopURL})
	if err != nil {
		return nil, err
	}
	t := &Tried{Lines: []string{}, Listed: []whatif.Result{}, limit: o.Limit}
	t.Summary = whatif.Summary{Changes: []whatif.Count{}, Doubts: []whatif.Count{}}
	for _, def := range o.Lines {
		t.Lines = append(t.Lines, def.Line)
	}
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	calls := make(chan []event.Event, 256)
	var reading error
	go func() {
		defer close(calls)
		reading = gather(ctx, from, calls)
	}()
	for events := range calls {
		if events[0].Test {
			t.Tests++
			continue
		}
		if !trial.Has(events[0].Line) {
			t.Others++
			continue
		}
		r := trial.Run(ctx, events)
		if t.Add(r); r.Verdict == whatif.Changed {
			t.list(r)
		}
		if o.Progress != nil {
			o.Progress(t.Calls)
		}
	}
	if reading == nil && parent.Err() != nil {
		reading = context.Cause(parent)
	}
	t.first()
	return t, reading
}

// gather reads calls, whole ones first.
func gather(ctx context.Context, from Source, to chan<- []event.Event) error {
	var g whatif.Gather
	send := func(call []event.Event) error {
		select {
		case to <- call:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := from.events(ctx, whatif.Read, func(e event.Event) error {
		if call := g.Add(e); call != nil {
			return send(call)
		}
		return nil
	})
	for _, call := range g.Rest() {
		if err == nil {
			err = send(call)
		}
	}
	return err
}
