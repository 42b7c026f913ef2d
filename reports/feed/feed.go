// Package feed fills reports.db with the events that NATS has: as they come in, and all of them once more. It answers
// «is everything counted?», and knows nothing of what reports say. Calls of erased customers are gone from the stream
// and are counted from the journal.
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
	// Progress, if set, is told at first, after each batch, and each second without one, how many events are not
	// counted.
	Progress func(left uint64)
	Log      *slog.Logger
}

// Run counts the events of the stream until ctx ends. When the reports are reset, by whatever process, it begins again
// with the stream's first event. NATS may be away meanwhile.
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

// consumption is Run for as long as the reports have one name.
type consumption struct {
	Options
	name  string
	reset context.CancelFunc
	noted time.Time // when it was noted until when events are counted
}

// noteEvery is how often that is noted.
const noteEvery = 30 * time.Second

// consume notices within a second that the reports have another name, and counts nothing after that.
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
		c.Log.Info("the reports were reset, all events are counted again")
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

// note notes now and then until when events are counted; where that fails, the next time does.
func (c *consumption) note(ctx context.Context, until time.Time) {
	if now := time.Now(); now.Sub(c.noted) >= noteEvery && c.Reports.CountedUntil(ctx, until) == nil {
		c.noted = now
	}
}
