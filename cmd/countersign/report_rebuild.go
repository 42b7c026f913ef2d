package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/bus"
	"countersign/reports/reportsdb"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/store/journal"
)

func reportRebuildCommand() *cli.Command {
	return &cli.Command{
		Name: "rebuild", Usage: "count again what NATS still has, such as after putting a backup of reports.db back",
		Description: "Days that are older than the events in NATS stay as they are. Calls of customers who were erased are gone from NATS: they are counted from the journal of\n" +
			"--data; those of other machines are if their journals were exported there and imported here before. The service may run meanwhile, and must if NATS runs inside\n" +
			"of it; it counts along. Until the end reports are incomplete. A rebuild that was stopped in the middle is finished by the service, or begins again if it is\n" +
			"called again.",
		Flags:  []cli.Flag{natsFlag(), authorFlag()},
		Action: reportRebuild,
	}
}

const (
	// oldestWithin is how long NATS may take to say how far the stream goes back.
	oldestWithin = 10 * time.Second
	// clocksApart is how far the clocks of machines may differ from that of NATS.
	clocksApart = time.Hour
)

func reportRebuild(c *cli.Context) (err error) {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	endpoint, err := natsEndpoint(c, cfg)
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(c.Context, oldestWithin)
	defer cancel()
	oldest, err := bus.Oldest(asking, endpoint)
	if err != nil {
		return fmt.Errorf("the events cannot be read from %s: %w; start countersign serve, or name the NATS with --nats", endpoint, err)
	}
	if oldest.IsZero() {
		fmt.Fprintf(c.App.Writer, "%s has no events: the reports stay as they are\n", endpoint)
		return nil
	}
	reports, err := reportsdb.Open(c.Context, cfg.reportsPath(), reportsdb.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reports.Close()) }()
	if err := reports.Reset(c.Context, oldest.Add(clocksApart)); err != nil {
		return err
	}
	if err := countFromJournal(c.Context, cfg, reports, journal.ExportOptions{Erased: true}); err != nil {
		return err
	}
	events, err := recount(c, reports, endpoint)
	if err != nil {
		return err
	}
	return auditDone(c, cfg, audit.Rebuilt, "reports", counted(events, "event"))
}

// journalBatch is how many events are counted in one transaction.
const journalBatch = 500

// countFromJournal counts calls of erased customers, of which the stream has nothing: the journal keeps them as calls of nobody. What the reports know already stays as it is.
func countFromJournal(ctx context.Context, cfg config, reports *reportsdb.Reports, calls journal.ExportOptions) error {
	if !exists(cfg.journalPath()) {
		return nil
	}
	return withJournal(ctx, cfg, func(j *journal.Journal) error {
		var batch []event.Event
		count := func() error {
			_, err := reports.Apply(ctx, batch)
			batch = batch[:0]
			return err
		}
		err := j.Export(ctx, calls, func(body []byte) error {
			var e event.Event
			if err := json.Unmarshal(body, &e); err != nil {
				return err
			}
			if batch = append(batch, e); len(batch) < journalBatch {
				return nil
			}
			return count()
		})
		return errors.Join(err, count())
	})
}

// recount counts what is in the stream, and ends when there is no more.
func recount(c *cli.Context, reports *reportsdb.Reports, endpoint bus.Endpoint) (events int, err error) {
	ctx, stop := context.WithCancel(c.Context)
	defer stop()
	var waiting sync.WaitGroup
	defer waiting.Wait()
	waiting.Go(func() {
		defer stop()
		_ = bus.AwaitCaughtUp(ctx, endpoint, reports.Consumer) // fails with ctx alone
	})
	var bar *progress
	var total uint64
	err = consumeInto(ctx, reports, endpoint, func(left uint64) {
		total = max(total, left)
		if bar == nil {
			bar = newProgress(c.App.ErrWriter, "counting", fmt.Sprintf("of %d events", total), 0)
		}
		bar.at(int(total-left), 0)
	}, slog.New(slog.NewTextHandler(c.App.ErrWriter, &slog.HandlerOptions{Level: slog.LevelWarn})))
	stop()
	if bar != nil {
		bar.done()
	}
	if err != nil {
		return 0, err
	}
	if err := context.Cause(c.Context); err != nil {
		return 0, fmt.Errorf("stopped before all events were counted: %w", err)
	}
	fmt.Fprintf(c.App.Writer, "%d events read\n", total)
	return int(total), nil
}
