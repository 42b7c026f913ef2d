package webhook

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"countersign/session/event"
	"countersign/session/shared"
)

// Stream is where events come from.
type Stream interface {
	// End is the place of the last event.
	End(ctx context.Context) (event.Place, error)
	// At reads one event; ok is false if it is gone.
	At(ctx context.Context, at event.Place) (e event.Event, ok bool, err error)
	// Follow calls handle with each event after a place, in order, until ctx ends.
	Follow(ctx context.Context, after event.Place, handle func(event.Place, event.Event))
}

// deliverer is a *Hook.
type deliverer interface {
	Name() string
	Wants(event.Event) bool
	Deliver(context.Context, event.Event) error
}

// Delivery delivers events to webhooks. Of all machines with the same Store one at a time delivers to a webhook; another
// takes over within leaseLife when that one is gone, and goes on where it was. So each event is delivered once normally,
// again after a crash, and those of a call in order.
type Delivery struct {
	store  shared.Store
	stream Stream
	hooks  []deliverer
	log    *slog.Logger
	now    func() time.Time
	// id tells this Delivery from those of other machines.
	id string
}

// NewDelivery delivers to hooks. store is what machines share.
func NewDelivery(store shared.Store, stream Stream, hooks []*Hook, log *slog.Logger, now func() time.Time) *Delivery {
	d := &Delivery{store: store, stream: stream, log: log, now: now, id: rand.Text()}
	for _, h := range hooks {
		d.hooks = append(d.hooks, h)
	}
	return d
}

// Times and bounds of a delivery (docs/policy.md#webhooks).
const (
	// leaseRenew is how often the machine that delivers says so, renewWithin how long that may take, and leaseLife how
	// long it may be silent before another one takes over. At leaseStop it ends the requests that are under way, which
	// takes endWithin at most: two machines never deliver at once, however long a request may take.
	leaseRenew  = 2 * time.Second
	renewWithin = 2 * time.Second
	leaseStop   = 8 * time.Second
	endWithin   = 4 * time.Second
	leaseLife   = 12 * time.Second
	// giveUpAfter is how long events are tried again.
	giveUpAfter = 72 * time.Hour
	// retryFirst and retryMost bound the pauses, each of which is retryTimes the last.
	retryFirst = 5 * time.Second
	retryMost  = time.Hour
	retryTimes = 3
	// atOnce is how many requests a webhook gets at once, ahead how many events wait for one of them.
	atOnce = 8
	ahead  = 256
	// After holdAfter failures in a row, of at least holdCalls calls, the system is taken to be away: its events wait in
	// the stream, and one is let through each holdFirst, later each holdMost, to see.
	holdAfter = 5
	holdCalls = 3
	holdFirst = 5 * time.Second
	holdMost  = time.Minute
	// mostDead is how many dead letters are kept; the oldest go first.
	mostDead = 1000
	// againEvery is how often the machine that delivers looks for what an operator wants to be tried again.
	againEvery = 2 * time.Second
	// stateRetry is the pause when the shared state or the stream is unavailable.
	stateRetry = 2 * time.Second
	// warnAfter is how long that may last before it is worth a line in the log.
	warnAfter = 15 * time.Second
)

// These do not compile if the times do not fit: a negative constant is no uint.
const (
	_ = uint(leaseStop - 2*(leaseRenew+renewWithin)) // one renewal may fail
	_ = uint(leaseLife - leaseStop - endWithin)
)

// Run delivers until ctx ends. Requests that are under way are finished.
func (d *Delivery) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, h := range d.hooks {
		all.Go(func() { d.run(ctx, h) })
	}
	all.Wait()
}

func (d *Delivery) run(ctx context.Context, h deliverer) {
	log := d.log.With("webhook", h.Name())
	for ctx.Err() == nil {
		l := &lease{store: d.store, key: h.Name() + placePart, id: d.id, now: d.now, log: log}
		if l.take(ctx, d.stream) != nil {
			return
		}
		w := newWorker(d, h, l, log)
		w.work(ctx)
	}
}
