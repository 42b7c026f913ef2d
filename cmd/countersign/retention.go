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
	"countersign/store/attempts"
	"countersign/store/journal"
)

func retentionCommand() *cli.Command {
	return &cli.Command{
		Name:  "retention",
		Usage: "remove data that was kept long enough",
		Subcommands: []*cli.Command{{
			Name: "run", Usage: "do now what countersign serve does every hour",
			Description: "retention.journal   calls are removed from the journal, and anonymised in the reports: no " +
				"customer, caller or channel.\n" +
				"                    Events that are not published yet are waited for\n" +
				"retention.totals    anonymised calls and sums are removed from the reports\n" +
				"retention.audit     entries are removed from the audit log, which gets an entry about it\n" +
				"serve removes events from NATS after retention.journal too; NATS itself only 400 days later, or at the max_age\n" +
				"that its operator set. NATS removes attempts after guard.forget, except for a lock that only a person may " +
				"end;\n" +
				"tokens after tokens.life; the state of calls after 24 hours.\n" +
				"If the clock is more than 7 days ahead of the last run, nothing is removed for 3 days, unless --yes says " +
				"that it is right.",
			Flags: []cli.Flag{
				authorFlag(),
				&cli.BoolFlag{Name: "dry-run", Usage: "only show what would be removed"},
				&cli.BoolFlag{Name: "yes", Usage: "the clock is right, although the last run was long ago"},
				&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
			},
			Action: retentionRun,
		}},
	}
}

// retentionOptions are the settings of retention. j may be nil.
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

// keepRetention runs retention in the service, until ctx ends.
// j, a and e may be nil.
func keepRetention(
	ctx context.Context, cfg config, j *journal.Journal, a *attempts.Attempts, e retention.Events, log *slog.Logger,
) {
	o := retentionOptions(cfg, j)
	o.Attempts, o.Events = a, e
	retention.Serve(ctx, o, log)
}

func retentionRun(c *cli.Context) (err error) {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	run, verb := removeExpired, "removed: "
	if c.Bool("dry-run") {
		run, verb = countExpired, "would be removed: "
	}
	r, err := run(c, cfg)
	if doubts := (*retention.ClockError)(nil); errors.As(err, &doubts) {
		return err
	}
	if c.Bool("json") {
		return errors.Join(json.NewEncoder(c.App.Writer).Encode(r), err)
	}
	fmt.Fprintln(c.App.Writer, verb+r.String())
	return err
}

// removeExpired is a run that removes.
func removeExpired(c *cli.Context, cfg config) (r retention.Removed, err error) {
	var j *journal.Journal
	if exists(cfg.journalPath()) {
		if j, err = journal.Open(c.Context, cfg.journalPath(), journal.Options{}); err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, j.Close(context.WithoutCancel(c.Context))) }()
	}
	o := retentionOptions(cfg, j)
	o.Actor, o.Trusted = author(c), c.Bool("yes")
	return retention.Run(c.Context, o)
}

// countExpired is a dry run: it only reads.
func countExpired(c *cli.Context, cfg config) (r retention.Removed, err error) {
	o := retentionOptions(cfg, nil)
	if !exists(cfg.journalPath()) {
		return retention.DryRun(c.Context, nil, o)
	}
	err = readJournal(c.Context, cfg, func(j *journal.Reader) error {
		r, err = retention.DryRun(c.Context, j, o)
		return err
	})
	return r, err
}
