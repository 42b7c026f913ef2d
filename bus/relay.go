// Package bus answers "how do the events of a call reach the rest of the company, and how do machines share state":
// it runs an embedded NATS or connects to an external one, publishes the journal's outbox to the JetStream stream
// COUNTERSIGN, each event once and in order, lets others consume and watch that stream, and keeps attempts, calls and
// service lines in key-value buckets.
//
// It never holds up a call: while NATS is away, slow or full, events wait in the outbox, and operations on shared
// state fail within a bound. It decides nothing about a call and keeps nothing on disk but the store of the embedded
// NATS.
//
// DESIGN.md says how events are published once and in order, how customers are erased, and what it costs.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/session/event"
)

// Outbox holds events that are journalled and not yet known to be in the stream. *journal.Journal implements it.
type Outbox interface {
	// Pending returns up to limit unpublished entries with N > after, lowest N first.
	Pending(ctx context.Context, after int64, limit int) ([]Entry, error)
	// Published removes every entry with N <= upTo: it is in the stream, or NATS can never take it, which was logged
	// as an error.
	Published(ctx context.Context, upTo int64) error
	// Wake receives a value after entries were added, one for any number of entries. The channel has a buffer of one.
	Wake() <-chan struct{}
}

// Entry is one event to publish. N orders the entries; Time is not after the moment when it was journalled.
type Entry = event.Outgoing

// RelayConfig configures a Relay. The zero value has the defaults of docs/policy.md#nats.
type RelayConfig struct {
	Stream StreamConfig
	// Batch is the most events in flight to NATS: 500.
	Batch int
	// AckWait is how long NATS may take to confirm the next event in flight before it is asked whether it is there, and to
	// answer that: 5 s. A NATS that answers is slow and is waited for; one that does not is dead.
	AckWait time.Duration
	// Sign, if set, signs what is published.
	Sign Signer
	// Expected: events were published from this machine before. Lost hears of it when the stream had to be made although
	// it must have existed: the events in it are gone. It must not wait.
	Expected bool
	Lost     func(what string)
}

func (c RelayConfig) withDefaults() RelayConfig {
	c.Stream = c.Stream.withDefaults()
	if c.Batch <= 0 {
		c.Batch = 500
	}
	if c.Lost == nil {
		c.Lost = func(string) {}
	}
	if c.AckWait <= 0 {
		c.AckWait = 5 * time.Second
	}
	return c
}

// pollOutbox is how often the relay reads the outbox without a Wake.
const pollOutbox = 5 * time.Second

// markWithin bounds marking entries as published, which happens even while the relay is being stopped.
const markWithin = 5 * time.Second

// Relay publishes one outbox to one NATS.
type Relay struct {
	outbox Outbox
	link   link
	config RelayConfig
	log    *slog.Logger
	status statusBoard

	flushes chan chan struct{}
	proofs  chan chan error

	// Owned by the goroutine in Run.
	settled  int64 // entries up to here are done
	marked   int64 // entries up to here are removed from the outbox
	flushing []chan struct{}
	proving  []chan error
}

// NewRelay makes a Relay; nothing happens before Run.
func NewRelay(outbox Outbox, nats Endpoint, config RelayConfig, log *slog.Logger) *Relay {
	config.Stream.atOnce = nats.embedded
	r := &Relay{
		outbox: outbox, config: config.withDefaults(), log: log,
		flushes: make(chan chan struct{}), proofs: make(chan chan error),
	}
	r.link = link{endpoint: nats, name: "countersign relay", log: log, up: r.status.up, down: r.status.down}
	return r
}

// Run publishes entries until ctx ends, whatever fails in NATS or the outbox meanwhile. Only one Run at a time, in
// one process, may serve an outbox. The next Run looks up in the stream what was unconfirmed when ctx ended; call
// Flush first to leave nothing behind.
func (r *Relay) Run(ctx context.Context) {
	r.link.run(ctx, r.serve)
}

// Flush returns when the outbox was found empty after the call, everything in it published, or with ctx's error. Run
// must be running. Any goroutine may call it.
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

// Status returns the relay's state and counters. Any goroutine may call it.
func (r *Relay) Status() RelayStatus { return r.status.read() }

// serve publishes over one connection until it or ctx ends.
func (r *Relay) serve(ctx context.Context, conn *nats.Conn, up func()) error {
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(r.config.Batch+1),
		jetstream.WithDefaultTimeout(max(askWithin, r.config.AckWait)))
	if err != nil {
		return err
	}
	stream, created, err := ensureStream(ctx, js, r.config.Stream, r.log)
	if err != nil {
		return err
	}
	if created && r.config.Expected {
		r.config.Lost("stream " + event.Stream)
	}
	r.config.Expected = true
	if err := r.mark(ctx, r.settled); err != nil {
		return err
	}
	sender := newSender(js, stream, r.config, r.log, &r.status)
	var published reconciler
	for {
		entries, err := r.pending(ctx, sender.window)
		if err != nil {
			return err
		}
		r.collectProofs()
		if len(entries) == 0 {
			if err := r.proveIdle(ctx, js, stream); err != nil {
				return err
			}
			up()
			r.flushed()
			if err := r.wait(ctx); err != nil {
				return err
			}
			continue
		}
		if err := published.search(ctx, stream, entries); err != nil {
			return err
		}
		n, sendErr := sender.send(ctx, entries, published.has)
		if n > 0 {
			if err := r.mark(ctx, entries[n-1].N); err != nil {
				return err
			}
			r.proven(nil)
			up()
		}
		if sendErr != nil {
			return sendErr
		}
	}
}

// ErrOutbox means that the outbox cannot be read or written. Events wait in it, whatever NATS does.
var ErrOutbox = errors.New("the outbox of the journal cannot be used")

// pending reads the next entries.
func (r *Relay) pending(ctx context.Context, limit int) ([]Entry, error) {
	defer r.status.usesOutbox()()
	entries, err := r.outbox.Pending(ctx, r.settled, limit)
	if err != nil {
		return nil, fmt.Errorf("%w: read: %w", ErrOutbox, err)
	}
	return entries, nil
}

// mark notes that everything up to n is settled: first in memory, so that it is not sent again even if the outbox
// fails, then in the outbox.
func (r *Relay) mark(ctx context.Context, n int64) error {
	r.settled = n
	if r.settled == r.marked {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markWithin)
	defer cancel()
	defer r.status.usesOutbox()()
	if err := r.outbox.Published(ctx, n); err != nil {
		return fmt.Errorf("%w: mark: %w", ErrOutbox, err)
	}
	r.marked = n
	return nil
}

// wait returns when there may be more to do.
func (r *Relay) wait(ctx context.Context) error {
	timer := time.NewTimer(pollOutbox)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.outbox.Wake():
	case <-timer.C:
	case done := <-r.flushes:
		r.flushing = append(r.flushing, done)
	case done := <-r.proofs:
		r.proving = append(r.proving, done)
	}
	return nil
}

// flushed ends all waiting Flush calls: the outbox is empty.
func (r *Relay) flushed() {
	for _, done := range r.flushing {
		close(done)
	}
	r.flushing = nil
}
