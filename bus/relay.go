// Package bus answers "how do the events of a call reach the rest of the company": it runs or reaches a NATS, moves the outbox of the
// journal into the JetStream stream COUNTERSIGN, each event once and in order, and lets others watch that stream.
//
// It never holds up a call: a NATS that is away, slow or full only means that events wait in the outbox. It decides nothing about a call,
// reads no event on its way out, and keeps nothing of its own on disk but the store of the embedded NATS.
//
// DESIGN.md tells how "once and in order" is kept, and what it costs.
package bus

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/session/event"
)

// Outbox is what the relay empties: events that are journalled and not yet known to be in the stream. *store.Journal is one.
type Outbox interface {
	// Pending returns up to limit unpublished entries with N > after, lowest N first.
	Pending(ctx context.Context, after int64, limit int) ([]Entry, error)
	// Published says that every entry with N <= upTo is in the stream (or, logged as an error, never can be) and need not be offered again.
	Published(ctx context.Context, upTo int64) error
	// Wake yields something after entries were added. One value may stand for many entries, so the channel wants a buffer of one.
	Wake() <-chan struct{}
}

// Entry is one event on its way out. N orders the entries, Time is when it was written or earlier.
type Entry = event.Outgoing

// RelayConfig says how a Relay works. The zero value has the defaults of policy.md.
type RelayConfig struct {
	Stream StreamConfig
	// Batch is how many events are on their way to NATS at once: 500.
	Batch int
	// AckWait is how long NATS may take to confirm the next one of them before the connection counts as dead: 5 s. A disk that takes long for all of them may.
	AckWait time.Duration
}

func (c RelayConfig) withDefaults() RelayConfig {
	c.Stream = c.Stream.withDefaults()
	if c.Batch <= 0 {
		c.Batch = 500
	}
	if c.AckWait <= 0 {
		c.AckWait = 5 * time.Second
	}
	return c
}

// lookAgain is how long the relay trusts that Wake will tell of new entries.
const lookAgain = 5 * time.Second

// markWithin bounds the note that entries are published, which is written even while the relay is being stopped.
const markWithin = 5 * time.Second

// Relay moves one outbox to one NATS.
type Relay struct {
	outbox Outbox
	link   link
	config RelayConfig
	log    *slog.Logger
	status statusBoard

	flushes chan chan struct{}

	// Owned by the goroutine in Run.
	settled  int64 // entries up to here need no more work
	marked   int64 // entries up to here are marked so in the outbox
	flushing []chan struct{}
}

// NewRelay makes a Relay; nothing happens before Run.
func NewRelay(outbox Outbox, nats Endpoint, config RelayConfig, log *slog.Logger) *Relay {
	r := &Relay{outbox: outbox, config: config.withDefaults(), log: log, flushes: make(chan chan struct{})}
	r.link = link{endpoint: nats, name: "countersign relay", log: log, up: r.status.up, down: r.status.down}
	return r
}

// Run moves entries until ctx ends. It outlives every failure of NATS and of the outbox. It is to be called once at a time, and by one
// process for each outbox. What was sent but not yet confirmed when ctx ends is looked up in the stream by the next Run; call Flush first to
// leave nothing behind.
func (r *Relay) Run(ctx context.Context) {
	r.link.run(ctx, r.serve)
}

// Flush returns when the outbox was seen empty, with everything in it published, at some time after the call; or with ctx's error.
// It needs a running Run. Any goroutine may call it.
func (r *Relay) Flush(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case r.flushes <- done:
	case <-ctx.Done():
		return fmt.Errorf("flush events to NATS: %w", context.Cause(ctx))
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("flush events to NATS: %w", context.Cause(ctx))
	}
}

// Status says how the relay is doing. Any goroutine may call it.
func (r *Relay) Status() RelayStatus { return r.status.read() }

// serve works on one connection until it or ctx ends.
func (r *Relay) serve(ctx context.Context, conn *nats.Conn, up func()) error {
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(r.config.Batch+1), jetstream.WithDefaultTimeout(max(askWithin, r.config.AckWait)))
	if err != nil {
		return err
	}
	stream, err := ensureStream(ctx, js, r.config.Stream, r.log)
	if err != nil {
		return err
	}
	if err := r.mark(ctx, r.settled); err != nil {
		return err
	}
	sender := newSender(js, stream, r.config, r.log, &r.status)
	var past reconciler
	for {
		entries, err := r.outbox.Pending(ctx, r.settled, sender.window)
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		if len(entries) == 0 {
			up()
			r.flushed()
			if err := r.wait(ctx); err != nil {
				return err
			}
			continue
		}
		if err := past.look(ctx, stream, entries); err != nil {
			return err
		}
		n, sendErr := sender.send(ctx, entries, past.has)
		if n > 0 {
			if err := r.mark(ctx, entries[n-1].N); err != nil {
				return err
			}
			up()
		}
		if sendErr != nil {
			return sendErr
		}
	}
}

// mark notes that everything up to n is settled: first for ourselves, so that it is not sent again whatever the outbox says, then there.
func (r *Relay) mark(ctx context.Context, n int64) error {
	r.settled = n
	if r.settled == r.marked {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markWithin)
	defer cancel()
	if err := r.outbox.Published(ctx, n); err != nil {
		return fmt.Errorf("mark the outbox: %w", err)
	}
	r.marked = n
	return nil
}

// wait returns when there may be more to do.
func (r *Relay) wait(ctx context.Context) error {
	timer := time.NewTimer(lookAgain)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.outbox.Wake():
	case <-timer.C:
	case done := <-r.flushes:
		r.flushing = append(r.flushing, done)
	}
	return nil
}

// flushed tells whoever waits in Flush that the outbox is empty.
func (r *Relay) flushed() {
	for _, done := range r.flushing {
		close(done)
	}
	r.flushing = nil
}
