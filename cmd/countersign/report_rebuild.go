package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"countersign/store"
	"countersign/store/relay"

	"github.com/urfave/cli/v2"
)

func reportRebuildCommand() *cli.Command {
	return &cli.Command{
		Name: "rebuild", Usage: "count again what NATS still has, such as after putting a backup of reports.db back",
		Description: "Days that are older than the events in NATS stay as they are. The service may run meanwhile; until the end reports are incomplete. A rebuild that was\n" +
			"stopped in the middle goes on with the next start of the service, or from the beginning if it is called again.",
		Flags:  []cli.Flag{natsFlag()},
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
	oldest, err := relay.Oldest(asking, endpoint)
	if err != nil {
		return fmt.Errorf("the events cannot be read from %s: %w; start countersign serve, or name the NATS with --nats", endpoint, err)
	}
	if oldest.IsZero() {
		fmt.Fprintf(c.App.Writer, "%s has no events: the reports stay as they are\n", endpoint)
		return nil
	}
	reports, err := store.OpenReports(c.Context, cfg.reportsPath(), store.ReportsOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reports.Close()) }()
	if err := reports.Reset(c.Context, oldest.Add(clocksApart)); err != nil {
		return err
	}
	return recount(c, reports, endpoint)
}

// recount counts what is in the stream, and ends when there is no more.
func recount(c *cli.Context, reports *store.Reports, endpoint relay.Endpoint) error {
	ctx, caughtUp := context.WithCancel(c.Context)
	defer caughtUp()
	var bar *progress
	var total uint64
	err := consumeInto(ctx, reports, endpoint, func(left uint64) {
		total = max(total, left)
		if bar == nil {
			bar = newProgress(c.App.ErrWriter, "counting", fmt.Sprintf("of %d events", total), 0)
		}
		bar.at(int(total-left), 0)
		if left == 0 {
			caughtUp()
		}
	}, slog.New(slog.NewTextHandler(c.App.ErrWriter, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if bar != nil {
		bar.done()
	}
	if err != nil {
		return err
	}
	if err := context.Cause(c.Context); err != nil {
		return fmt.Errorf("stopped before all events were counted: %w", err)
	}
	fmt.Fprintf(c.App.Writer, "%d events counted\n", total)
	return nil
}
