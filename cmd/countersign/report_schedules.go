package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/reports"
	"countersign/reports/deliver"
	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
	"countersign/store/sqlite"
	"countersign/web/staff"
)

func reportSchedulesCommand() *cli.Command {
	return &cli.Command{
		Name: "schedules", Usage: "show scheduled reports: when they ran last, and when they run next",
		Description: "Schedules are settings (reports.schedules in countersign.yaml). The service that keeps reports " +
			"makes them. This command\n" +
			"needs no running service.",
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "one JSON object per line"}},
		Action: reportSchedules,
	}
}

func reportRunCommand() *cli.Command {
	return &cli.Command{
		Name: "run", Usage: "make a scheduled report now, to test its delivery", ArgsUsage: "NAME",
		Description: "The report covers the days that it would cover if it were due now. Its schedule does not change.",
		Flags:       []cli.Flag{authorFlag()},
		Action:      reportRun,
	}
}

func reportRun(c *cli.Context) error {
	if err := arguments(c, 1, "the name of a schedule"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	s, ok := cfg.Reports.Find(c.Args().First())
	if !ok {
		return wrongUse("there is no schedule %q; %s", c.Args().First(), scheduled(cfg.Reports.Schedules))
	}
	return withReports(c, cfg, func(r *reports.Reader) error {
		done, err := runSchedule(c.Context, cfg, r, s, author(c))
		for _, where := range done.Went {
			fmt.Fprintf(c.App.Writer, "%s, %s: %s\n", s.Name, done.Period, where)
		}
		return err
	})
}

// runSchedule makes and delivers a scheduled report now, and audits it.
func runSchedule(
	ctx context.Context, cfg config, r *reports.Reader, s deliver.Schedule, actor string,
) (done deliver.Delivery, err error) {
	now := time.Now()
	o := deliver.Order{Due: now, ID: fmt.Sprintf("%d.run", now.UnixNano())}
	done, err = deliver.Deliver(ctx, r, cfg.Reports.Mail, s, o)
	if e, ok := done.Entry(actor); ok {
		err = errors.Join(err, auditEntry(ctx, cfg, e))
	}
	return done, err
}

func scheduled(all []deliver.Schedule) string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return "reports.schedules in countersign.yaml is empty"
	}
	return "the schedules are " + strings.Join(names, ", ")
}

func reportSchedules(c *cli.Context) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	states, err := scheduleStates(c.Context, cfg)
	if err != nil {
		return err
	}
	now := time.Now()
	statuses, err := cfg.Reports.Statuses(states, now)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printLines(c.App.Writer, statuses)
	}
	if len(statuses) == 0 {
		fmt.Fprintln(c.App.Writer, "No reports are scheduled: reports.schedules in countersign.yaml is empty.")
		return nil
	}
	return printSchedules(c, statuses, now)
}

// scheduleStates reads how schedules ran last, if a service ever made reports.
func scheduleStates(ctx context.Context, cfg config) (map[string]schedule.State, error) {
	kept, err := reportsdb.OpenReadOnly(ctx, cfg.reportsPath())
	if errors.Is(err, sqlite.ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	states, err := kept.ScheduleStates(ctx)
	return states, errors.Join(err, kept.Close())
}

func printSchedules(c *cli.Context, all []deliver.Status, now time.Time) error {
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tWHEN\tREPORT\tTO\tLAST\tNEXT")
	for _, s := range all {
		to := append([]string{}, s.Mail...)
		if s.Folder != "" {
			to = append([]string{s.Folder}, to...)
		}
		last, next := lastAndNext(s, now)
		fmt.Fprintf(w, "%s\t%s %s\t%s %s %s\t%s\t%s\t%s\n", s.Name, s.Cron, s.TZ, s.Report, s.Period, s.Format,
			printable(strings.Join(to, ", ")), last, next)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range all {
		if s.Last != nil && !s.Last.OK {
			fmt.Fprintf(c.App.Writer, "\n%s failed %s: %s\n", s.Name, times(s.Last.Attempts), printable(s.Last.Error))
		}
	}
	return nil
}

// lastAndNext say how a schedule ran last, and when it runs next.
func lastAndNext(s deliver.Status, now time.Time) (last, next string) {
	last, next = "–", "never"
	switch {
	case s.Last == nil:
	case s.Last.OK:
		last = s.Last.Due.Format(minutes) + " ok"
	default:
		last = s.Last.Due.Format(minutes) + " failed"
	}
	switch {
	case s.Running:
		next = "running"
	case s.Next != nil && !s.Next.After(now):
		next = "at once, " + s.Next.Format(minutes)
	case s.Next != nil:
		next = s.Next.Format(minutes)
	}
	return last, next
}

// minutes is a time as exact as schedules are.
const minutes = "2006-01-02 15:04 MST"

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return counted(n, "time")
}

// scheduledReports are the schedules of the settings, for the screens.
type scheduledReports struct{ settings *settings }

var _ staff.Schedules = scheduledReports{}

// Statuses implements staff.Schedules.
func (s scheduledReports) Statuses(ctx context.Context) ([]deliver.Status, error) {
	cfg := s.settings.get()
	states, err := scheduleStates(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return cfg.Reports.Statuses(states, time.Now())
}

// Run implements staff.Schedules.
func (s scheduledReports) Run(ctx context.Context, name, actor string) (went []string, err error) {
	cfg := s.settings.get()
	one, ok := cfg.Reports.Find(name)
	if !ok {
		return nil, deliver.ErrUnknown
	}
	err = reportsFile{cfg.reportsPath()}.open(ctx, func(r *reports.Reader) error {
		done, err := runSchedule(ctx, cfg, r, one, actor)
		went = done.Went
		return err
	})
	return went, err
}
