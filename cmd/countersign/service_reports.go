package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/internal/retry"
	"countersign/reports/deliver"
	"countersign/reports/feed"
	"countersign/reports/reportsdb"
	"countersign/store/audit"
	"countersign/store/journal"
	"countersign/store/sqlite"
)

// The roles of "serve", on one machine or on several.
const (
	roleCalls     = "calls"
	roleReporting = "reporting"
)

func rolesFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name: "roles", Usage: "what to do here: calls, reporting (fill <data>/reports.db), or both",
		Value: cli.NewStringSlice(roleCalls, roleReporting),
	}
}

func roles(c *cli.Context) (calls, reporting bool, err error) {
	wanted := c.StringSlice("roles")
	for _, r := range wanted {
		if r != roleCalls && r != roleReporting {
			return false, false, wrongUse("--roles %q: must be %s or %s", r, roleCalls, roleReporting)
		}
	}
	return slices.Contains(wanted, roleCalls), slices.Contains(wanted, roleReporting), nil
}

// keepReports counts the events of the stream and makes the scheduled reports, until ctx ends. j may be nil. A damaged
// file is set aside, and all that NATS and the journal have is counted again.
func keepReports(
	ctx context.Context, inForce *settings, endpoint bus.Endpoint, j *journal.Journal, log *slog.Logger,
) error {
	for {
		err := keepReportsIn(ctx, inForce, endpoint, j, log)
		if ctx.Err() != nil || !sqlite.IsDamaged(err) {
			return err
		}
		aside, moving := sqlite.SetAside(inForce.get().reportsPath(), time.Now())
		if moving != nil {
			return errors.Join(err, moving)
		}
		log.Error("reports were damaged, and what NATS and the journal have is counted again; for older days restore "+
			"reports.db from a backup and run countersign report rebuild", "set_aside", aside, "err", err)
	}
}

// keepReportsIn keeps reports in a file. It returns when that is found to be damaged.
func keepReportsIn(
	ctx context.Context, inForce *settings, endpoint bus.Endpoint, j *journal.Journal, log *slog.Logger,
) (err error) {
	cfg := inForce.get()
	missing := !exists(cfg.reportsPath())
	kept, err := reportsdb.Open(ctx, cfg.reportsPath(), reportsdb.Options{Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	if missing { // NATS has no events of erased customers
		if err := countFromJournal(ctx, cfg, kept, journal.ExportOptions{Erased: true}); err != nil {
			log.Error("calls of erased customers not counted, run countersign report rebuild", "err", err)
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	var scheduled sync.WaitGroup
	defer scheduled.Wait() // before the reports are closed
	defer stop(nil)
	scheduled.Go(func() {
		for {
			if err := sqlite.Check(ctx, cfg.reportsPath(), false); sqlite.IsDamaged(err) {
				stop(err)
			}
			if retry.Pause(ctx, checkEvery) != nil {
				return
			}
		}
	})
	counted := feed.Awaited{Reports: kept, NATS: endpoint}
	if j != nil {
		counted.Outbox = j
	}
	scheduled.Go(func() {
		inForce.whileInForce(ctx, schedulesOf, func(ctx context.Context, cfg config) {
			deliver.Run(ctx, deliver.Options{
				Settings: cfg.Reports, Reports: kept, Counted: counted.Until, Actor: cfg.Node, Log: log,
				Audit: func(ctx context.Context, e audit.Entry) error { return auditEntry(ctx, cfg, e) },
			})
		})
	})
	err = feed.Run(ctx, feed.Options{Reports: kept, NATS: endpoint, Log: log})
	if cause := context.Cause(ctx); sqlite.IsDamaged(cause) {
		return cause
	}
	return err
}

// countFromJournal counts calls from the journal of --data, if there is one.
func countFromJournal(ctx context.Context, cfg config, kept *reportsdb.Reports, calls journal.ExportOptions) error {
	if !exists(cfg.journalPath()) {
		return nil
	}
	return withJournal(ctx, cfg, func(j *journal.Journal) error { return feed.FromJournal(ctx, j, kept, calls) })
}

// serveReporting is "serve" on a machine that takes no calls.
func serveReporting(c *cli.Context, r *reloads) error {
	cfg, log := r.settings.get(), r.log
	endpoint, err := natsEndpoint(c, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "Countersign counts the events of %s. Data: %s. Ctrl-C stops it.\n", endpoint, cfg.data)
	ctx, cancel := context.WithCancel(c.Context)
	var retaining sync.WaitGroup
	retaining.Go(func() {
		r.settings.whileInForce(ctx, retentionOf, func(ctx context.Context, cfg config) {
			keepRetention(ctx, cfg, nil, nil, nil, log)
		})
	})
	defer retaining.Wait()
	defer cancel()
	defer reloadOnHangup(context.WithoutCancel(ctx), r)()
	manager := manager{log}
	retaining.Go(func() { manager.watch(ctx, "") })
	manager.ready()
	return keepReports(ctx, r.settings, endpoint, nil, log)
}

const (
	// reportsFirst and reportsLast are the waits before reports that could not be kept are kept again.
	reportsFirst = time.Second
	reportsLast  = time.Minute
)

// report is keepReports beside calls. Calls come first: they are answered even if reports cannot be kept. What the disk
// refused is tried again until ctx ends; events wait in NATS.
func (s *service) report(ctx context.Context) {
	_ = s.awaitNATS(ctx) // as follow
	for wait, said := retry.Backoff(reportsFirst, reportsLast), ""; ; {
		began := time.Now()
		err := keepReports(ctx, s.settings, s.endpoint, s.journal, s.log)
		if err == nil || ctx.Err() != nil {
			return
		}
		if err.Error() != said {
			said = err.Error()
			s.log.Error("reports not kept, trying again; events are counted afterwards", "err", err)
		}
		if time.Since(began) > reportsLast {
			wait.Reset()
		}
		if retry.Pause(ctx, wait.NextBackOff()) != nil {
			return
		}
	}
}

// awaitReports returns once everything in NATS is counted, so that whoever stops the service finds its calls in the
// reports.
func (s *service) awaitReports(ctx context.Context) (err error) {
	if s.cfg.noReports || !exists(s.cfg.reportsPath()) { // none are kept here
		return nil
	}
	reports, err := reportsdb.Open(ctx, s.cfg.reportsPath(), reportsdb.Options{Log: s.log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reports.Close()) }()
	return bus.AwaitCaughtUp(ctx, s.endpoint, reports.Consumer)
}
