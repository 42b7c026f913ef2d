// Package feed fills reports.db with the events in NATS: as they come in, or all of them again. It answers "is
// everything counted?", and knows nothing of what reports say. The stream has no calls of erased customers; they are
// counted from the journal.
package feed

import (
	"context"
	"log/slog"
	"time"

	"countersign/bus"
	"countersign/reports/reportsdb"
	"countersign/session/event"
)

// Options say what is counted, and where.
type Options struct {
	Reports *reportsdb.Reports
	NATS    bus.Endpoint
	// Progress, if set, gets the number of uncounted events: at first, after each batch, and each second without one.
	Progress func(left uint64)
	Log      *slog.Logger
}

// Run counts the events of the stream until ctx ends. After the reports are reset, by any process, it begins again with
// the first event of the stream. NATS may be away meanwhile.
func Run(ctx context.Context, o Options) error {
	for ctx.Err() == nil {
		name, err := o.Reports.Consumer(ctx)
		if err != nil {
			return err
		}
		if err := consume(ctx, name, o); err != nil {
			return err
		}
	}
	return nil
}

// consumption is Run while the reports keep one name.
type consumption struct {
	Options
	name  string
	reset context.CancelFunc
	noted time.Time // when the progress was noted
}

// noteEvery is how often progress is noted in the reports.
const noteEvery = 30 * time.Second

// consume notices within a second that the reports have another name, and stops counting.
func consume(ctx context.Context, name string, o Options) error {
	ctx, reset := context.WithCancel(ctx)
	defer reset()
	c := &consumption{Options: o, name: name, reset: reset}
	return bus.Consume(ctx, o.NATS, bus.ConsumeOptions{
		Durable: name, Log: o.Log, Progress: func(left uint64) { c.progress(ctx, left) },
	}, c.count)
}

// same is false once the reports were reset, or ctx has ended.
func (c *consumption) same(ctx context.Context) bool {
	now, err := c.Reports.Consumer(ctx)
	if err == nil && now != c.name {
		c.Log.Info("reports were reset, counting all events again")
		c.reset()
	}
	return ctx.Err() == nil
}

func (c *consumption) progress(ctx context.Context, left uint64) {
	if !c.same(ctx) {
		return
	}
	if left == 0 {
		c.note(ctx, time.Now())
	}
	if c.Progress != nil {
		c.Progress(left)
	}
}

func (c *consumption) count(ctx context.Context, events []event.Event) error {
	if !c.same(ctx) {
		return context.Cause(ctx)
	}
	if _, err := c.Reports.Apply(ctx, events); err != nil {
		return err
	}
	until := events[0].Time
	for _, e := range events {
		if e.Time.After(until) {
			until = e.Time
		}
	}
	if until.Before(time.Now()) {
		c.note(ctx, until)
	}
	return nil
}

// note saves, now and then, until when events are counted. After an error, the next note will do.
func (c *consumption) note(ctx context.Context, until time.Time) {
	if now := time.Now(); now.Sub(c.noted) >= noteEvery && c.Reports.CountedUntil(ctx, until) == nil {
		c.noted = now
	}
}
