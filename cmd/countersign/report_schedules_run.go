package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"countersign/bus"
	"countersign/reports"
	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
	"countersign/store/journal"
)

// runSchedules makes the scheduled reports until ctx ends. j is the journal of the calls that are taken here, or nil.
func runSchedules(ctx context.Context, cfg config, kept *reportsdb.Reports, endpoint bus.Endpoint, j *journal.Journal, log *slog.Logger) {
	if len(cfg.Reports.Schedules) == 0 {
		return
	}
	all, err := cfg.Reports.schedules()
	if err != nil {
		log.Error("no reports are made by themselves", "err", err)
		return
	}
	c := counting{reports: kept, endpoint: endpoint, journal: j, within: countedWithin}
	schedule.Run(ctx, schedule.Options{Schedules: all, Store: kept.Schedules(), Log: log, Job: scheduledJob(cfg, reports.NewReader(kept.DB(), time.Now), c.await, log)})
}

// scheduledJob makes one of the reports when all is counted that happened before it was due. Before the next one is due it makes it even so, and the report says it.
func scheduledJob(
	cfg config, reader *reports.Reader, counted func(ctx context.Context, due time.Time) error, log *slog.Logger,
) func(context.Context, schedule.Attempt) (sent []string, err error) {
	return func(ctx context.Context, a schedule.Attempt) ([]string, error) {
		s, _ := cfg.Reports.find(a.Name)
		missing := counted(ctx, a.Due)
		if missing != nil && (!a.Last || ctx.Err() != nil) {
			return a.Done, fmt.Errorf("calls would be missing: %w", missing)
		}
		if missing != nil {
			log.Warn("a scheduled report is made although calls may be missing, because the next one is due soon", "schedule", a.Name, "due", a.Due, "err", missing)
		}
		made, err := exportScheduled(ctx, cfg, s, reader, exportOrder{due: a.Due, id: fmt.Sprint(a.Due.Unix()), sent: a.Done, incomplete: missing != nil})
		if noted := auditExport(ctx, cfg, cfg.Node, s, made); noted != nil {
			log.Error("the audit log does not tell of a scheduled report", "schedule", a.Name, "err", noted)
		}
		return made.sent, err
	}
}

// counting knows whether what happened is counted: events go from the journal to NATS, and from there to the reports.
type counting struct {
	reports  *reportsdb.Reports
	endpoint bus.Endpoint
	journal  *journal.Journal // nil where no calls are taken
	within   time.Duration
}

const (
	// countedWithin is how long a scheduled report waits for events that are not counted yet. It leaves time to make it.
	countedWithin = 2 * time.Minute
	// outboxLook is how often the journal is asked.
	outboxLook = 100 * time.Millisecond
)

// await returns when all is counted that happened before due, as far as it is known here: other machines may keep events for as long as they have no NATS.
func (c counting) await(ctx context.Context, due time.Time) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.within, fmt.Errorf("not within %s; countersign doctor says whether NATS is away", c.within))
	defer cancel()
	if c.journal != nil {
		if err := awaitPublished(ctx, c.journal, due); err != nil {
			return err
		}
	}
	return bus.AwaitCaughtUp(ctx, c.endpoint, c.reports.Consumer)
}

// awaitPublished returns when NATS has all events that happened before due.
func awaitPublished(ctx context.Context, j *journal.Journal, due time.Time) error {
	if err := j.Sync(ctx); err != nil {
		return err
	}
	again := time.NewTicker(outboxLook)
	defer again.Stop()
	for {
		waiting, oldest, err := j.Backlog(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("NATS does not have all events of this machine: %w", context.Cause(ctx))
		case err != nil || waiting == 0 || !oldest.Before(due):
			return err
		}
		select {
		case <-ctx.Done():
		case <-again.C:
		}
	}
}
