package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"countersign/session/event"
	"countersign/store"
	"countersign/store/relay"

	"github.com/urfave/cli/v2"
)

// What "serve" can do, on one machine or on several.
const (
	roleCalls     = "calls"
	roleReporting = "reporting"
)

func rolesFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name: "roles", Usage: "what to do here: calls, reporting (fill <data>/reports.db), or both", Value: cli.NewStringSlice(roleCalls, roleReporting),
	}
}

func roles(c *cli.Context) (calls, reporting bool, err error) {
	wanted := c.StringSlice("roles")
	for _, r := range wanted {
		if r != roleCalls && r != roleReporting {
			return false, false, wrongUse("--roles %q: known are %s and %s", r, roleCalls, roleReporting)
		}
	}
	return slices.Contains(wanted, roleCalls), slices.Contains(wanted, roleReporting), nil
}

// keepReports counts the events of the stream until ctx ends.
func keepReports(ctx context.Context, cfg config, endpoint relay.Endpoint, log *slog.Logger) (err error) {
	reports, err := store.OpenReports(ctx, cfg.reportsPath(), store.ReportsOptions{Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reports.Close()) }()
	return consumeInto(ctx, reports, endpoint, nil, log)
}

func consumeInto(ctx context.Context, reports *store.Reports, endpoint relay.Endpoint, progress func(left uint64), log *slog.Logger) error {
	name, err := reports.Consumer(ctx)
	if err != nil {
		return err
	}
	return relay.Consume(ctx, endpoint, relay.ConsumeOptions{Durable: name, Progress: progress, Log: log}, func(ctx context.Context, events []event.Event) error {
		_, err := reports.Apply(ctx, events)
		return err
	})
}

// serveReporting is "serve" on a machine that takes no calls.
func serveReporting(c *cli.Context, cfg config, log *slog.Logger) error {
	endpoint, err := natsEndpoint(c, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "Countersign counts the events of %s. Data: %s. Ctrl-C stops it.\n", endpoint, cfg.data)
	return keepReports(c.Context, cfg, endpoint, log)
}

// report is keepReports beside calls, which come first: they are answered when reports cannot be kept.
func (s *service) report(ctx context.Context) {
	if err := keepReports(ctx, s.cfg, s.endpoint, s.log); err != nil && ctx.Err() == nil {
		s.log.Error("no reports are kept, what happens now is counted after the next start", "err", err)
	}
}
