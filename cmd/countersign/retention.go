package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/ops/retention"
	"countersign/store/journal"
)

func retentionCommand() *cli.Command {
	return &cli.Command{
		Name:  "retention",
		Usage: "remove what was kept long enough",
		Subcommands: []*cli.Command{{
			Name: "run", Usage: "do at once what countersign serve does every hour",
			Description: "retention.journal   calls are removed from the journal; in the reports they are anonymised:\n" +
				"                    without customer, caller and channel. Events that have not been published yet are\n" +
				"                    waited for\n" +
				"retention.totals    anonymised calls, and sums, are removed from the reports\n" +
				"retention.audit     entries are removed from the audit log, and an entry says so\n" +
				"NATS removes by itself: events after retention.journal, unless its operator set another max_age; attempts\n" +
				"after guard.forget, but for a lock that only a person may end; tokens after tokens.life; what is remembered of\n" +
				"calls after 24 hours.\n" +
				"When the clock is more than 7 days ahead of the last run nothing is removed for 3 days, unless --yes says that\n" +
				"it is right.",
			Flags: []cli.Flag{
				authorFlag(),
				&cli.BoolFlag{Name: "dry-run", Usage: "only say what would be removed"},
				&cli.BoolFlag{Name: "yes", Usage: "the clock is right, although nothing was removed for long"},
				&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
			},
			Action: retentionRun,
		}},
	}
}

// retentionOptions are the settings. j may be nil.
func retentionOptions(cfg config, j *journal.Journal) retention.Options {
	return retention.Options{
		Journal: j, Reports: cfg.reportsPath(), Audit: cfg.auditPath(),
		Clock: filepath.Join(cfg.data, "retention.json"), Actor: cfg.Node,
		Keep: retention.Periods{
			Journal: time.Duration(cfg.Retention.Journal),
			Totals:  time.Duration(cfg.Retention.Totals),
			Audit:   time.Duration(cfg.Retention.Audit),
		},
	}
}

// keepRetention is what the service does, until ctx ends. j may be nil.
func keepRetention(ctx context.Context, cfg config, j *journal.Journal, log *slog.Logger) {
	retention.Serve(ctx, retentionOptions(cfg, j), log)
}

func retentionRun(c *cli.Context) (err error) {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	var j *journal.Journal
	if exists(cfg.journalPath()) {
		if j, err = journal.Open(c.Context, cfg.journalPath(), journal.Options{}); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, j.Close(context.WithoutCancel(c.Context))) }()
	}
	o := retentionOptions(cfg, j)
	o.Actor, o.Trusted = author(c), c.Bool("yes")
	run, verb := retention.Run, "removed: "
	if c.Bool("dry-run") {
		run, verb = retention.DryRun, "would be removed: "
	}
	r, err := run(c.Context, o)
	if doubts := (*retention.ClockError)(nil); errors.As(err, &doubts) {
		return err
	}
	if c.Bool("json") {
		return errors.Join(json.NewEncoder(c.App.Writer).Encode(r), err)
	}
	fmt.Fprintln(c.App.Writer, verb+r.String())
	return err
}
