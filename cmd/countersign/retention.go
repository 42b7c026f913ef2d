package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/store"

	"github.com/urfave/cli/v2"
)

func retentionCommand() *cli.Command {
	return &cli.Command{
		Name:  "retention",
		Usage: "remove what was kept long enough",
		Subcommands: []*cli.Command{{
			Name: "run", Usage: "do at once what countersign serve does every hour",
			Description: "Calls are removed from the journal, and entries from the audit log, when their time is over (retention.journal, retention.audit). NATS removes events, calls,\n" +
				"tokens and attempts by itself.",
			Flags: []cli.Flag{
				authorFlag(),
				&cli.BoolFlag{Name: "dry-run", Usage: "only say what would be removed"},
				&cli.BoolFlag{Name: "json", Usage: "print the result as JSON"},
			},
			Action: retentionRun,
		}},
	}
}

// retained is what a run removed, or would remove.
type retained struct {
	store.Pruned
	Audit  int64 `json:"audit_entries"`
	DryRun bool  `json:"dry_run"`
}

func (r retained) none() bool { return r.Pruned == store.Pruned{} && r.Audit == 0 }

func (r retained) String() string {
	return fmt.Sprintf("%s with %s, %s", counted(r.Calls, "call"), counted(r.Events, "event"), counted(int(r.Audit), "audit record"))
}

// retain removes what was kept long enough. What was removed before an error counts.
func retain(ctx context.Context, cfg config, j *store.Journal, actor string, dryRun bool) (r retained, err error) {
	r.DryRun = dryRun
	now := time.Now()
	var prune error
	r.Pruned, prune = j.Prune(ctx, now.Add(-time.Duration(cfg.Retention.Journal)), dryRun)
	a, err := store.OpenAudit(ctx, cfg.auditPath(), store.AuditOptions{})
	if err != nil {
		return r, errors.Join(prune, err)
	}
	r.Audit, err = a.Trim(ctx, now.Add(-time.Duration(cfg.Retention.Audit)), actor, dryRun)
	if err == nil && !dryRun && !r.none() {
		_, err = a.Append(context.WithoutCancel(ctx), store.AuditEntry{Actor: actor, Action: store.AuditRetention, Object: "journal", Detail: r.String()})
	}
	return r, errors.Join(prune, err, a.Close())
}

func retentionRun(c *cli.Context) (err error) {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	j, err := store.OpenJournal(c.Context, cfg.journalPath(), store.JournalOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close(context.WithoutCancel(c.Context))) }()
	r, err := retain(c.Context, cfg, j, author(c), c.Bool("dry-run"))
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

// keepRetention removes what was kept long enough, now and every hour until ctx ends.
func (s *service) keepRetention(ctx context.Context) {
	again := time.NewTicker(retainEvery)
	defer again.Stop()
	for {
		r, err := retain(ctx, s.cfg, s.journal, s.cfg.Node, false)
		var waiting *store.BacklogError
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &waiting):
			s.log.Warn("old calls are kept for now", "err", err)
		case err != nil:
			s.log.Error("what was kept long enough could not be removed", "err", err)
		}
		if !r.none() {
			s.log.Info("removed what was kept long enough", "calls", r.Calls, "events", r.Events, "audit_entries", r.Audit)
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
