package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/reports"
	"countersign/reports/render"
	"countersign/reports/reportsdb"
	"countersign/reports/schedule"
)

func reportSchedulesCommand() *cli.Command {
	return &cli.Command{
		Name: "schedules", Usage: "the reports that are made by themselves: when they ran last, and when they run next",
		Description: "They are settings (reports.schedules in countersign.yaml), and are made where countersign serve keeps reports. No service needs to run.",
		Flags:       []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "one JSON object a line"}},
		Action:      reportSchedules,
	}
}

func reportRunCommand() *cli.Command {
	return &cli.Command{
		Name: "run", Usage: "make a report that is scheduled now, to see whether it goes where it should", ArgsUsage: "NAME",
		Description: "It is about the days that it would be about if it were due now. When it is made by itself does not change.",
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
	s, ok := cfg.Reports.find(c.Args().First())
	if !ok {
		return wrongUse("there is no schedule %q: %s", c.Args().First(), scheduled(cfg.Reports.Schedules))
	}
	return withReports(c, cfg, func(r *reports.Reader) error {
		now := time.Now()
		made, err := exportScheduled(c.Context, cfg, s, r, exportOrder{due: now, id: fmt.Sprintf("%d.run", now.UnixNano())})
		for _, where := range made.went {
			fmt.Fprintf(c.App.Writer, "%s, %s: %s\n", s.Name, made.period, where)
		}
		return errors.Join(err, auditExport(c.Context, cfg, author(c), s, made))
	})
}

func scheduled(all []scheduleSettings) string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return "reports.schedules in countersign.yaml is empty"
	}
	return "known are " + strings.Join(names, ", ")
}

// scheduleStatus is a schedule and what became of it.
type scheduleStatus struct {
	Name   string          `json:"name"`
	Cron   string          `json:"cron"`
	TZ     string          `json:"tz"`
	Report string          `json:"report"`
	Period schedule.Period `json:"period"`
	Format render.Format   `json:"format"`
	Lines  []string        `json:"lines,omitempty"`
	By     []string        `json:"by,omitempty"`
	Folder string          `json:"folder,omitempty"`
	Mail   []string        `json:"mail,omitempty"`
	// Last is absent before the first run. Due is when it should have run, Ended when the run was over that tried it last.
	Last *lastRun `json:"last,omitempty"`
	// Next is when it runs next: for the first time, or again because it failed. Absent means never.
	Next *time.Time `json:"next,omitempty"`
	// Running says that somebody is at it.
	Running bool `json:"running"`
}

type lastRun struct {
	Due      time.Time `json:"due"`
	Ended    time.Time `json:"ended"`
	Seconds  float64   `json:"seconds"`
	OK       bool      `json:"ok"`
	Error    string    `json:"error,omitempty"`
	Attempts int       `json:"attempts"`
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
	all, err := cfg.Reports.schedules()
	if err != nil {
		return err
	}
	now := time.Now()
	var statuses []scheduleStatus
	for i, s := range cfg.Reports.Schedules {
		statuses = append(statuses, statusOf(s, all[i], states[s.Name], now))
	}
	if c.Bool("json") {
		out := json.NewEncoder(c.App.Writer)
		for _, s := range statuses {
			if err := out.Encode(s); err != nil {
				return err
			}
		}
		return nil
	}
	if len(statuses) == 0 {
		fmt.Fprintln(c.App.Writer, "No reports are made by themselves: reports.schedules in countersign.yaml is empty.")
		return nil
	}
	return printSchedules(c, statuses, now)
}

// scheduleStates reads what became of schedules, if there was ever a service that made reports.
func scheduleStates(ctx context.Context, cfg config) (states map[string]schedule.State, err error) {
	if !exists(cfg.reportsPath()) {
		return nil, nil
	}
	kept, err := reportsdb.Open(ctx, cfg.reportsPath(), reportsdb.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	return kept.Schedules().States(ctx)
}

func statusOf(s scheduleSettings, one schedule.Schedule, state schedule.State, now time.Time) scheduleStatus {
	zone := one.Cron.Zone()
	out := scheduleStatus{
		Name: s.Name, Cron: s.Cron, TZ: zone.String(), Report: s.Report, Period: s.Period, Format: s.Format, Lines: s.Lines, By: s.By, Folder: s.Folder, Mail: s.Mail.To,
	}
	if !state.Holds(one.Cron, now) { // the service will begin it
		state = schedule.State{Handled: now}
	}
	out.Running = state.Running(now)
	if !state.Ended.IsZero() {
		out.Last = &lastRun{
			Due: state.Due.In(zone), Ended: state.Ended.In(zone), Seconds: state.Took.Seconds(), OK: state.Error == "", Error: state.Error, Attempts: state.Attempts,
		}
		if out.Last.OK {
			out.Last.Due = state.Handled.In(zone) // the next one may be running
		}
	}
	if _, at := state.Next(one.Cron, now); !at.IsZero() {
		at = at.In(zone)
		out.Next = &at
	}
	return out
}

func printSchedules(c *cli.Context, all []scheduleStatus, now time.Time) error {
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tWHEN\tREPORT\tTO\tLAST\tNEXT")
	for _, s := range all {
		to := append([]string{}, s.Mail...)
		if s.Folder != "" {
			to = append([]string{s.Folder}, to...)
		}
		last, next := "–", "never"
		if s.Last != nil {
			last = s.Last.Due.Format(minutes) + " ok"
		}
		if s.Last != nil && !s.Last.OK {
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
		fmt.Fprintf(w, "%s\t%s %s\t%s %s %s\t%s\t%s\t%s\n", s.Name, s.Cron, s.TZ, s.Report, s.Period, s.Format, printable(strings.Join(to, ", ")), last, next)
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

// minutes is as exactly as schedules are due.
const minutes = "2006-01-02 15:04 MST"

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return counted(n, "time")
}
