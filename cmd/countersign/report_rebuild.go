package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"

	"countersign/reports/feed"
	"countersign/store/audit"
	"countersign/store/journal"
)

func reportRebuildCommand() *cli.Command {
	return &cli.Command{
		Name: "rebuild", Usage: "count the events in NATS again, such as after restoring a backup of reports.db",
		Description: "Days older than the events in NATS stay as they are. NATS has no events of erased customers: their " +
			"calls are counted\n" +
			"from the journal of --data; those of other machines only if their journals were exported there and imported " +
			"here first.\n" +
			"The service may run meanwhile, and must if NATS runs inside it; it keeps counting. Reports are incomplete " +
			"until the end.\n" +
			"A rebuild that was interrupted is finished by the service, or starts over if the command is repeated.",
		Flags:  []cli.Flag{natsFlag(), authorFlag()},
		Action: reportRebuild,
	}
}

func reportRebuild(c *cli.Context) error {
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
	var bar *progress
	o := feed.RebuildOptions{
		Reports: cfg.reportsPath(), NATS: endpoint,
		Log: slog.New(slog.NewTextHandler(c.App.ErrWriter, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Progress: func(done, of uint64) {
			if bar == nil {
				bar = newProgress(c.App.ErrWriter, "counting", fmt.Sprintf("of %d events", of), 0)
			}
			bar.at(int(done), 0)
		},
	}
	events, err := rebuild(c.Context, cfg, o)
	if bar != nil {
		bar.done()
	}
	var unreadable *feed.UnreadableError
	switch {
	case errors.Is(err, feed.ErrNoEvents):
		fmt.Fprintf(c.App.Writer, "%s has no events: the reports stay as they are\n", endpoint)
		return nil
	case errors.As(err, &unreadable):
		return fmt.Errorf("%w; start countersign serve, or set --nats", err)
	case err != nil:
		return err
	}
	fmt.Fprintf(c.App.Writer, "%d events read\n", events)
	return auditDone(c, cfg, audit.Rebuilt, "reports", counted(events, "event"))
}

// rebuild counts again, with the journal of --data if there is one.
func rebuild(ctx context.Context, cfg config, o feed.RebuildOptions) (events int, err error) {
	if !exists(cfg.journalPath()) {
		return feed.Rebuild(ctx, o)
	}
	err = readJournal(ctx, cfg, func(j *journal.Reader) error {
		o.Journal = j
		events, err = feed.Rebuild(ctx, o)
		return err
	})
	return events, err
}
