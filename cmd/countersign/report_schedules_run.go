package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	reports "countersign/report"
	"countersign/report/schedule"
	"countersign/store"
	"countersign/store/relay"
)

// runSchedules makes the scheduled reports until ctx ends.
func runSchedules(ctx context.Context, cfg config, kept *store.Reports, endpoint relay.Endpoint, log *slog.Logger) {
	if len(cfg.Reports.Schedules) == 0 {
		return
	}
	all, err := cfg.Reports.schedules()
	if err != nil {
		log.Error("no reports are made by themselves", "err", err)
		return
	}
	reader := reports.NewReader(kept.DB(), time.Now)
	schedule.Run(ctx, schedule.Options{
		Schedules: all, Store: kept.Schedules(), Log: log,
		Ready: func(ctx context.Context) { awaitCounted(ctx, kept, endpoint, log) },
		Job: func(ctx context.Context, name string, due time.Time) error {
			s, _ := cfg.Reports.find(name)
			made, err := exportScheduled(ctx, cfg, s, reader, due, fmt.Sprint(due.Unix()))
			if noted := auditExport(ctx, cfg, cfg.Node, s, made); noted != nil {
				log.Error("the audit log does not tell of a scheduled report", "schedule", name, "err", noted)
			}
			return err
		},
	})
}

// catchUpWithin is how long a scheduled report waits for events from the time when nobody was there to count them.
const catchUpWithin = 10 * time.Minute

// awaitCounted waits for them.
func awaitCounted(ctx context.Context, kept *store.Reports, endpoint relay.Endpoint, log *slog.Logger) {
	waiting, cancel := context.WithTimeout(ctx, catchUpWithin)
	defer cancel()
	if err := relay.AwaitCaughtUp(waiting, endpoint, kept.Consumer); err != nil && ctx.Err() == nil {
		log.Warn("scheduled reports are made although not all events are counted yet: calls of the time before the start may be missing", "waited", catchUpWithin, "err", err)
	}
}
