package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/reports/reportsdb"
	"countersign/store/audit"
	"countersign/store/journal"
)

func retentionCommand() *cli.Command {
	return &cli.Command{
		Name:  "retention",
		Usage: "remove what was kept long enough",
		Subcommands: []*cli.Command{{
			Name: "run", Usage: "do at once what countersign serve does every hour",
			Description: "retention.journal   calls are removed from the journal; in the reports they stay as calls of nobody: without customer, caller and channel. Events that\n" +
				"                    have not been published yet are waited for\n" +
				"retention.totals    calls of nobody, and sums, are removed from the reports\n" +
				"retention.audit     entries are removed from the audit log, and an entry says so\n" +
				"NATS removes by itself: events after retention.journal, unless its operator set another max_age; attempts after guard.forget, but for a lock\n" +
				"that only a person may end; tokens after tokens.life; what is remembered of calls after 24 hours.\n" +
				"When the clock is more than 7 days ahead of the last run nothing is removed for 3 days, unless --yes says that it is right.",
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

// retained is what a run removed, or would remove.
type retained struct {
	journal.Pruned
	// Reports are calls in the reports that were made calls of nobody, or removed.
	Reports int   `json:"report_calls"`
	Audit   int64 `json:"audit_entries"`
	DryRun  bool  `json:"dry_run"`
}

func (r retained) none() bool { return r.Pruned == journal.Pruned{} && r.Reports == 0 && r.Audit == 0 }

func (r retained) String() string {
	return fmt.Sprintf("journal: %s with %s; reports: %s; audit log: %s", counted(r.Calls, "call"), counted(r.Events, "event"), counted(r.Reports, "call"),
		counted(int(r.Audit), "record"))
}

// retainBy removes what was kept long enough, by a clock that may be wrong: then it removes nothing and returns a *clockError, if there is something to remove.
func retainBy(ctx context.Context, cfg config, j *journal.Journal, actor string, now time.Time, sure bool) (retained, error) {
	c, err := lookAtClock(ctx, cfg, j, now, sure)
	if err != nil {
		return retained{}, err
	}
	if c.Doubted.IsZero() {
		return retain(ctx, cfg, j, actor, now, false)
	}
	if would, err := retain(ctx, cfg, j, actor, now, true); err != nil || would.none() {
		return retained{}, err
	}
	return retained{}, &clockError{clock: c, now: now}
}

// retain removes what was kept long enough from what is in --data; j is the journal, nil if none is kept here. What was removed before an error counts.
func retain(ctx context.Context, cfg config, j *journal.Journal, actor string, now time.Time, dryRun bool) (r retained, err error) {
	r.DryRun = dryRun
	persons, totals := now.Add(-time.Duration(cfg.Retention.Journal)), now.Add(-time.Duration(cfg.Retention.Totals))
	var errs []error
	if j != nil {
		r.Pruned, err = j.Prune(ctx, persons, dryRun)
		errs = append(errs, err)
	}
	if exists(cfg.reportsPath()) {
		r.Reports, err = retainReports(ctx, cfg, persons, totals, dryRun)
		errs = append(errs, err)
	}
	a, err := audit.Open(ctx, cfg.auditPath(), audit.Options{})
	if err != nil {
		return r, errors.Join(append(errs, err)...)
	}
	r.Audit, err = a.Trim(ctx, now.Add(-time.Duration(cfg.Retention.Audit)), actor, dryRun)
	errs = append(errs, err)
	if !dryRun && !r.none() {
		_, err = a.Append(context.WithoutCancel(ctx), audit.Entry{Actor: actor, Action: audit.Retention, Object: "data", Detail: r.String()})
		errs = append(errs, err)
	}
	return r, errors.Join(append(errs, a.Close())...)
}

func retainReports(ctx context.Context, cfg config, persons, totals time.Time, dryRun bool) (calls int, err error) {
	reports, err := reportsdb.Open(ctx, cfg.reportsPath(), reportsdb.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, reports.Close()) }()
	return reports.Retain(ctx, persons, totals, dryRun)
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
	var r retained
	if c.Bool("dry-run") {
		r, err = retain(c.Context, cfg, j, author(c), time.Now(), true)
	} else {
		r, err = retainBy(c.Context, cfg, j, author(c), time.Now(), c.Bool("yes"))
	}
	if doubts := (*clockError)(nil); errors.As(err, &doubts) {
		return err
	}
	if c.Bool("json") {
		return errors.Join(json.NewEncoder(c.App.Writer).Encode(r), err)
	}
	verb := "removed: "
	if r.DryRun {
		verb = "would be removed: "
	}
	fmt.Fprintln(c.App.Writer, verb+r.String())
	return err
}

// retainEvery is how often the service looks.
const retainEvery = time.Hour

// keepRetention removes what was kept long enough, now and every hour until ctx ends. j may be nil.
func keepRetention(ctx context.Context, cfg config, j *journal.Journal, log *slog.Logger) {
	again := time.NewTicker(retainEvery)
	defer again.Stop()
	for {
		r, err := retainBy(ctx, cfg, j, cfg.Node, time.Now(), false)
		var waiting *journal.BacklogError
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &waiting):
			log.Warn("old calls are kept for now", "err", err)
		case err != nil:
			log.Error("what was kept long enough could not be removed", "err", err)
		}
		if !r.none() {
			log.Info("removed what was kept long enough", "calls", r.Calls, "events", r.Events, "report_calls", r.Reports, "audit_entries", r.Audit)
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
