package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"countersign/internal/retry"
	"countersign/session/event"
	"countersign/session/shared"
)

// worker delivers to one webhook while its lease is ours. One goroutine reads the stream, one renews the lease, one
// looks for what an operator wants, and each call whose events are under way or failing has one of its own; those end
// when nothing of the call is left to do.
type worker struct {
	store  shared.Store
	stream Stream
	hook   deliverer
	lease  *lease
	log    *slog.Logger
	now    func() time.Time
	slots  chan struct{}

	// held ends when the lease is lost, and with it requests and writes that are under way. When only the process stops,
	// they are finished.
	held context.Context

	calls sync.WaitGroup

	mu     sync.Mutex
	active map[string]*call
	taken  []*taken    // from the stream, in order; the first is not handled yet
	place  event.Place // all before is handled
	dead   map[string]*Failing
	again  map[string][]byte // the requests to try again that were seen; those from before us count again
	health *health
}

// taken is an event of the stream that is wanted.
type taken struct {
	place   event.Place
	event   event.Event
	handled bool
}

func newWorker(d *Delivery, h deliverer, l *lease, log *slog.Logger) *worker {
	return &worker{
		store: d.store, stream: d.stream, hook: h, lease: l, log: log, now: d.now, slots: make(chan struct{}, atOnce),
		active: map[string]*call{}, place: l.progress.Place, health: newHealth(log, d.now),
	}
}

// work delivers until ctx ends or the lease is lost.
func (w *worker) work(ctx context.Context) {
	held, lose := context.WithCancel(context.WithoutCancel(ctx))
	ctx, stop := context.WithCancel(ctx)
	w.held = held
	finished := make(chan struct{})
	var renewing sync.WaitGroup
	renewing.Go(func() { w.keep(finished, func() { lose(); stop() }) })
	w.deliver(ctx)
	close(finished)
	renewing.Wait()
	if held.Err() == nil {
		w.lease.release(held, w.at())
	}
	stop()
	lose()
}

// deliver delivers until ctx ends, and what is under way to its end.
func (w *worker) deliver(ctx context.Context) {
	failing, err := w.load(ctx)
	if err != nil {
		w.log.Warn("webhook waits, what it could not deliver is not read", "err", err)
		_ = retry.Pause(ctx, stateRetry)
		return
	}
	for _, f := range failing {
		w.resume(ctx, f)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		w.stream.Follow(ctx, w.at(), func(at event.Place, e event.Event) { w.take(ctx, at, e) })
	})
	reading.Go(func() { w.watchAgain(ctx) })
	<-ctx.Done()
	reading.Wait()
	w.calls.Wait()
}

// load reads what could not be delivered before.
func (w *worker) load(ctx context.Context) (failing map[string]*Failing, err error) {
	if failing, err = all(ctx, w.store, w.hook.Name(), failingPart); err != nil {
		return nil, err
	}
	w.dead, err = all(ctx, w.store, w.hook.Name(), deadPart)
	return failing, err
}

// keep renews the lease until all is finished, or calls lost as soon as another machine may have it.
func (w *worker) keep(finished <-chan struct{}, lost func()) {
	expires := time.AfterFunc(w.lease.left(), lost)
	defer expires.Stop()
	for {
		select {
		case <-finished:
			return
		case <-w.held.Done():
		case <-time.After(leaseRenew):
		}
		if w.held.Err() != nil || !w.lease.renew(w.held, w.at()) {
			lost()
			w.log.Info("webhook is left to another machine")
			return
		}
		expires.Reset(w.lease.left())
	}
}

// take takes the next event of the stream. It waits while too many are under way, and while the system is away.
func (w *worker) take(ctx context.Context, at event.Place, e event.Event) {
	if ctx.Err() != nil { // an earlier event may have been left out already
		return
	}
	if !w.hook.Wants(e) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.taken) == 0 {
			w.place = at
		} else {
			w.taken = append(w.taken, &taken{place: at, handled: true})
		}
		return
	}
	if !w.health.pass(ctx) || !w.room(ctx) {
		return // and at stays behind: it is read again
	}
	t := &taken{place: at, event: e}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken = append(w.taken, t)
	c := w.active[e.Call]
	if c == nil {
		c = w.begin(ctx, e.Call, nil)
	}
	c.fresh = append(c.fresh, t)
	c.wake()
}

// room waits until fewer events are under way.
func (w *worker) room(ctx context.Context) bool {
	for {
		w.mu.Lock()
		waiting := 0
		for _, t := range w.taken {
			if !t.handled {
				waiting++
			}
		}
		changed := w.health.changes()
		w.mu.Unlock()
		if waiting < ahead {
			return ctx.Err() == nil
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// begin starts the goroutine of a call. The lock is held, or nobody else runs yet.
func (w *worker) begin(ctx context.Context, id string, f *Failing) *call {
	c := &call{worker: w, id: id, more: make(chan struct{}, 1), failing: f}
	w.active[id] = c
	w.calls.Go(func() { c.run(ctx) })
	return c
}

// resume goes on with a call that failed before.
func (w *worker) resume(ctx context.Context, f *Failing) {
	w.mu.Lock()
	busy := w.active[f.Call] != nil
	if !busy {
		w.begin(ctx, f.Call, f)
	}
	w.mu.Unlock()
	if busy { // an operator wanted it tried again, and more of the call came just now
		w.bury(f)
		_ = put(w.held, w.store, w.hook.Name()+deadPart+callKey(f.Call), f, keepDead) // it was taken out to be tried
		return
	}
	w.health.resumed(f.Call)
}

// handled notes that an event is delivered, or is kept elsewhere.
func (w *worker) handled(t *taken) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t.handled = true
	t.event = event.Event{}
	for len(w.taken) > 0 && w.taken[0].handled {
		w.place = w.taken[0].place
		w.taken = w.taken[1:]
	}
	w.health.tell()
}

func (w *worker) at() event.Place {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.place
}

// urgeAll has what failed tried now: of one call, or of all if id is "".
func (w *worker) urgeAll(id string, by urge) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.active {
		if id == "" || c.id == id {
			c.urge(by)
		}
	}
}

// watchAgain looks for what an operator wants to be tried again, until ctx ends.
func (w *worker) watchAgain(ctx context.Context) {
	for retry.Pause(ctx, againEvery) == nil {
		w.lookAgain(ctx)
	}
}

// lookAgain has tried again what an operator wants to be.
func (w *worker) lookAgain(ctx context.Context) {
	requests, err := w.store.All(ctx, w.hook.Name()+againPart)
	if err != nil {
		return
	}
	seen := w.again
	w.again = requests
	for key, value := range requests {
		var wanted again
		if bytes.Equal(value, seen[key]) || json.Unmarshal(value, &wanted) != nil {
			continue
		}
		w.urgeAll(wanted.Call, operator)
		w.revive(ctx, wanted.Call)
	}
}

// revive tries dead letters again: of one call, or all if id is "".
func (w *worker) revive(ctx context.Context, id string) {
	for _, f := range w.exhume(id) {
		f.First, f.Next = w.now().UTC(), w.now().UTC()
		if put(w.held, w.store, w.hook.Name()+failingPart+callKey(f.Call), f, shared.Forever) != nil ||
			put(w.held, w.store, w.hook.Name()+deadPart+callKey(f.Call), nil, 0) != nil {
			w.bury(f)
			continue
		}
		w.resume(ctx, f)
	}
}

// exhume removes dead letters, but not those of a call of which more is under way.
func (w *worker) exhume(id string) (found []*Failing) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.dead {
		if w.active[f.Call] == nil && (id == "" || f.Call == id) {
			found = append(found, f)
			delete(w.dead, f.Call)
		}
	}
	return found
}
