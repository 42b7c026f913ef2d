package main

import (
	"context"
	"log/slog"
	"time"

	"countersign/bus"
	"countersign/reports/reportsdb"
	"countersign/session/event"
)

// consumeInto counts events until ctx ends. When the reports were reset, by whatever process, it begins again with the stream's first event.
func consumeInto(ctx context.Context, reports *reportsdb.Reports, endpoint bus.Endpoint, progress func(left uint64), log *slog.Logger) error {
	for ctx.Err() == nil {
		name, err := reports.Consumer(ctx)
		if err != nil {
			return err
		}
		if err := consumeAs(ctx, name, reports, endpoint, progress, log); err != nil {
			return err
		}
	}
	return nil
}

// consumeAs is consumeInto for as long as the reports have the name. It notices within a second that they have another one, and counts nothing after that.
func consumeAs(ctx context.Context, name string, reports *reportsdb.Reports, endpoint bus.Endpoint, progress func(left uint64), log *slog.Logger) error {
	ctx, reset := context.WithCancel(ctx)
	defer reset()
	same := func() bool {
		now, err := reports.Consumer(ctx)
		if err == nil && now != name {
			log.Info("the reports were reset, all events are counted again")
			reset()
		}
		return ctx.Err() == nil
	}
	var noted time.Time
	counted := func(until time.Time) {
		if now := time.Now(); now.Sub(noted) >= noteEvery && reports.CountedUntil(ctx, until) == nil { // another time, if not
			noted = now
		}
	}
	o := bus.ConsumeOptions{Durable: name, Log: log, Progress: func(left uint64) {
		if !same() {
			return
		}
		if left == 0 {
			counted(time.Now())
		}
		if progress != nil {
			progress(left)
		}
	}}
	return bus.Consume(ctx, endpoint, o, func(ctx context.Context, events []event.Event) error {
		if !same() {
			return context.Cause(ctx)
		}
		if _, err := reports.Apply(ctx, events); err != nil {
			return err
		}
		until := events[0].Time
		for _, e := range events {
			until = later(until, e.Time)
		}
		if until.Before(time.Now()) {
			counted(until)
		}
		return nil
	})
}

// noteEvery is how often it is noted until when events are counted.
const noteEvery = 30 * time.Second

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
