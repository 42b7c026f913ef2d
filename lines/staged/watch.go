package staged

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"countersign/session/event"
	"countersign/session/shared"
)

// Options are what a Watcher needs.
type Options struct {
	// Staged are the versions in force that begin with a share of the calls; changed is closed when they may be others.
	Staged func() (all []shared.LineVersion, changed <-chan struct{})
	// Watch calls handle with the events since a time, until ctx ends.
	Watch func(ctx context.Context, since time.Time, handle func(event.Event)) error
	// Return puts the version before in force for all calls again. Another machine may have been faster: that is no error.
	Return func(ctx context.Context, v shared.LineVersion, t Tally, why string) error
	Log    *slog.Logger
}

// Watcher counts the calls of all starts, and ends those that are worse than they may be. Each machine has one: the
// store of the lines lets one of them win.
type Watcher struct {
	o Options

	mu      sync.Mutex
	tallies map[string]*Tally // by line
	starts  map[string]shared.LineVersion
}

// New makes a Watcher, which counts while Run runs.
func New(o Options) *Watcher { return &Watcher{o: o} }

// Of is what was counted for a line; ok is false if it does not begin with a share of the calls.
func (w *Watcher) Of(line string) (t Tally, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if found := w.tallies[line]; found != nil {
		return Tally{New: found.New, Before: found.Before}, true
	}
	return Tally{}, false
}

// Run counts until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	for ctx.Err() == nil {
		all, changed := w.o.Staged()
		since := w.begin(all)
		counting, stop := context.WithCancel(ctx)
		var watching sync.WaitGroup
		watching.Go(func() {
			defer stop()
			w.awaitOthers(counting, all, changed)
		})
		if len(all) == 0 {
			<-counting.Done()
		} else if err := w.o.Watch(counting, since, func(e event.Event) { w.saw(counting, e) }); err != nil {
			w.o.Log.Error("new versions of lines are not compared with those before", "err", err)
			<-counting.Done()
		}
		stop()
		watching.Wait()
	}
}

// begin counts anew, from the first start on.
func (w *Watcher) begin(all []shared.LineVersion) (since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tallies, w.starts = map[string]*Tally{}, map[string]shared.LineVersion{}
	for _, v := range all {
		w.tallies[v.Name], w.starts[v.Name] = &Tally{}, v
		if since.IsZero() || v.Staged.Since.Before(since) {
			since = v.Staged.Since
		}
	}
	return since
}

// awaitOthers returns when other versions are staged, or ctx ends.
func (w *Watcher) awaitOthers(ctx context.Context, all []shared.LineVersion, changed <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		var now []shared.LineVersion
		if now, changed = w.o.Staged(); !same(all, now) {
			return
		}
	}
}

func same(a, b []shared.LineVersion) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Version != b[i].Version {
			return false
		}
	}
	return true
}

func (w *Watcher) saw(ctx context.Context, e event.Event) {
	w.mu.Lock()
	v, found := w.starts[e.Line]
	if !found {
		w.mu.Unlock()
		return
	}
	tally := w.tallies[e.Line]
	tally.Saw(v, e)
	t := *tally
	w.mu.Unlock()
	if _, ended := e.Data.(event.CallEnded); !ended {
		return
	}
	why := t.Verdict(v.Staged.Bounds)
	if why == "" {
		return
	}
	if err := w.o.Return(ctx, v, t, why); err != nil {
		w.o.Log.Error("the version before is not in force for all calls yet, it is tried again with the next call",
			"line", v.Name, "version", v.Version, "why", why, "err", err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.starts, e.Line) // until the line's next version comes back from the store
}
