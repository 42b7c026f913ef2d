package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"countersign/reports"
	"countersign/reports/render"
	"countersign/reports/reportsdb"
	"countersign/reports/words"
	"countersign/session/event"
	"countersign/store/sqlite"
)

func reportCommand() *cli.Command {
	c := &cli.Command{
		Name:  "report",
		Usage: "report how many callers were identified, verified or failed, why, and what each question costs",
	}
	for _, name := range reports.Names() {
		c.Subcommands = append(c.Subcommands, &cli.Command{
			Name: name, Usage: reportUsage[name], Description: reportDescription, Flags: reportFlags(name),
			Action: func(c *cli.Context) error { return printReport(c, name) },
		})
	}
	c.Subcommands = append(c.Subcommands, reportSchedulesCommand(), reportRunCommand(), reportRebuildCommand())
	return c
}

var reportUsage = map[string]string{
	"summary":  "identified by caller number, verified and failed: counts, rates and times, by line and day",
	"ani":      "how many callers their number identified",
	"verified": "how many callers proved to be the customer, by which methods, and how long it took",
	"failed":   "how many failed to, at which step and why",
	"funnel":   "each question and attempt: times asked, seconds, results, and what a success costs",
	"calls":    "one row per call, latest first",
}

var statuses = []string{string(event.StatusVerified), string(event.StatusIdentified), string(event.StatusNone)}

const reportDescription = "Days are days in the time zone --tz, of 23 or 25 hours when clocks change. Without " +
	"--from and --to the report covers\n" +
	"today and the six days before. -o FILE writes a file; its extension sets the format unless --format does."

func reportFlags(name string) []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{
			Name: "from",
			Usage: "start with this `DAY`, such as 2026-11-21, yesterday or last_week, or at a time such as " +
				"2026-11-21T08:00:00+01:00",
		},
		&cli.StringFlag{Name: "to", Usage: "end with this `DAY`, which is included, or at a time, which is not"},
		&cli.StringFlag{
			Name:  "period",
			Usage: "in place of --from and --to, a period as one `WORD`: " + joinWords(reports.PeriodWords()),
		},
		&cli.StringFlag{
			Name: "tz", Usage: "time `ZONE` of the days, such as Europe/Berlin; default: that of this machine",
		},
		&cli.StringSliceFlag{Name: "line", Usage: "only the service line `NAME` (may be repeated)"},
	}
	if reports.Compares(name) {
		flags = append(flags, &cli.StringFlag{
			Name: "compare", Usage: "compare with the period before: `previous`",
		})
	}
	if sections := reports.Sections(name); len(sections) > 0 {
		flags = append(flags, &cli.StringSliceFlag{
			Name: "by",
			Usage: "group by `WHAT`: " + strings.Join(sections, ", ") +
				" (may be repeated); weeks are ISO weeks, weekday and hour are over all of the period",
		})
	}
	if name == "calls" {
		flags = append(flags, callsFlags()...)
	}
	return append(flags,
		&cli.StringFlag{
			Name: "language", Usage: "words for people in `LANGUAGE`: en or de; codes in csv and json stay", Value: "en",
		},
		&cli.StringFlag{Name: "format", Usage: "write it as `FORMAT`: " + joinFormats(), Value: string(render.Table)},
		&cli.StringFlag{
			Name: "output", Aliases: []string{"o"},
			Usage: "write to `FILE`, which only its owner may read; - is standard output",
		},
		authorFlag(),
	)
}

func callsFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "status", Usage: "only with this `STATUS`: " + strings.Join(statuses, ", ")},
		&cli.StringFlag{Name: "reason", Usage: "only with this `REASON`, such as wrong_answer"},
		&cli.StringFlag{Name: "customer", Usage: "only of the customer with this `ID`"},
		&cli.StringFlag{Name: "caller", Usage: "only from numbers that end with these four `DIGITS`"},
		&cli.StringFlag{Name: "identified-by", Usage: "only those identified by this `METHOD`, such as ani"},
		&cli.StringFlag{Name: "step", Usage: "only those that failed at this `STEP`, such as pin; none: at no step"},
		&cli.BoolFlag{Name: "failed", Usage: "only the calls that the other reports count as failed"},
		&cli.BoolFlag{
			Name: "step-ups", Usage: "only step-ups and calls that came back, which the other reports count separately",
		},
		&cli.BoolFlag{Name: "tests", Usage: "the calls by which staff tried drafts of lines, in place of callers'"},
		&cli.IntFlag{
			Name:  "limit",
			Usage: "at most `N` calls, 0 for all; default: 50 for table, all for the others",
		},
	}
}

func joinFormats() string { return joinWords(render.Formats()) }

func joinWords[T ~string](all []T) string {
	var s []string
	for _, one := range all {
		s = append(s, string(one))
	}
	return strings.Join(s, ", ")
}

// printReport reads the flags, makes a report and writes it.
func printReport(c *cli.Context, name string) error {
	if err := arguments(c, 0, "no arguments"); err != nil {
		return err
	}
	format, err := reportFormat(c)
	if err != nil {
		return err
	}
	q, err := reportQuery(c, name, format)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	err = withReports(c, cfg, func(r *reports.Reader) error {
		return r.Read(c.Context, name, q, func(made *reports.Report) error { return writeReport(c, made, format) })
	})
	if err == nil {
		err = auditReport(c, cfg, name, format, q)
	}
	var unknown *reports.UnknownError
	if errors.As(err, &unknown) || errors.Is(err, reports.ErrUneven) || errors.Is(err, reports.ErrNothingToCompare) {
		return usageError{err}
	}
	return err
}

// reportFormat is --format, else the extension of the file.
func reportFormat(c *cli.Context) (render.Format, error) {
	wanted := c.String("format")
	if name := c.String("output"); !c.IsSet("format") && filepath.Ext(name) != "" {
		wanted = strings.ToLower(strings.TrimPrefix(filepath.Ext(name), "."))
		if wanted == "txt" {
			wanted = string(render.Table)
		}
	}
	for _, f := range render.Formats() {
		if string(f) != wanted {
			continue
		}
		if f.Binary() && writesTo(c) == "" && isTerminal(c.App.Writer) {
			return "", wrongUse("--format %s cannot be shown on a terminal: write it to a file with -o report.%s", f, f)
		}
		return f, nil
	}
	return "", wrongUse("there is no format %q: set --format to one of %s", wanted, joinFormats())
}

func reportQuery(c *cli.Context, name string, format render.Format) (q reports.Query, err error) {
	zone, err := reports.LoadZone(c.String("tz"))
	if err != nil {
		return q, wrongUse("--tz %q: %v", c.String("tz"), err)
	}
	if q.Period, err = reportPeriod(c, zone, time.Now()); err != nil {
		return q, err
	}
	if q.Compare, err = comparison(c); err != nil {
		return q, err
	}
	if q.Language, err = words.Parse(c.String("language")); err != nil {
		return q, wrongUse("--language %q: it can be en or de", c.String("language"))
	}
	q.Lines, q.By = c.StringSlice("line"), c.StringSlice("by")
	if name != "calls" {
		return q, nil
	}
	q.Calls = reports.Filter{
		Status: c.String("status"), Reason: c.String("reason"), Customer: c.String("customer"),
		CallerLast4: c.String("caller"), IdentifiedBy: c.String("identified-by"), FailedStep: c.String("step"),
		Failed: c.Bool("failed"), StepUps: c.Bool("step-ups"), Tests: c.Bool("tests"),
	}
	if q.Limit = c.Int("limit"); !c.IsSet("limit") && !format.Whole() {
		q.Limit = reports.FewCalls
	}
	return q, checkCallsFlags(q)
}

// reportPeriod reads --period, or --from and --to.
func reportPeriod(c *cli.Context, zone *time.Location, now time.Time) (reports.Period, error) {
	if !c.IsSet("period") {
		p, err := reports.ParsePeriod(c.String("from"), c.String("to"), zone, now)
		if err != nil {
			return p, usageError{err}
		}
		return p, nil
	}
	word := reports.PeriodWord(c.String("period"))
	switch {
	case c.IsSet("from") || c.IsSet("to"):
		return reports.Period{}, wrongUse("--period cannot be combined with --from or --to")
	case !slices.Contains(reports.PeriodWords(), word):
		return reports.Period{}, wrongUse("--period %q: it can be %s", word, joinWords(reports.PeriodWords()))
	}
	return word.Period(zone, now), nil
}

// comparison reads --compare.
func comparison(c *cli.Context) (bool, error) {
	if with := c.String("compare"); with != "" && with != reports.Previous {
		return false, wrongUse("--compare %q: it can be %s", with, reports.Previous)
	}
	for _, by := range c.StringSlice("by") {
		if c.IsSet("compare") && !reports.Comparable(by) {
			return false, wrongUse("--compare and --by %s cannot be combined: a %[1]s has none before it in the other period",
				by)
		}
	}
	return c.IsSet("compare"), nil
}

func checkCallsFlags(q reports.Query) error {
	if q.Limit < 0 {
		return wrongUse("--limit %d: it must be at least 1, or 0 for all", q.Limit)
	}
	if q.Calls.Failed && q.Calls.StepUps {
		return wrongUse("--failed and --step-ups cannot be combined: step-ups are counted separately")
	}
	if q.Calls.Tests && (q.Calls.Failed || q.Calls.StepUps) {
		return wrongUse("--tests cannot be combined with --failed or --step-ups: tests count nowhere")
	}
	return cmp.Or(checkStatus(q.Calls.Status), checkCaller(q.Calls.CallerLast4))
}

func checkStatus(s string) error {
	if s != "" && !slices.Contains(statuses, s) {
		return wrongUse("--status %q: must be one of %s", s, strings.Join(statuses, ", "))
	}
	return nil
}

func checkCaller(digits string) error {
	if digits != "" && (len(digits) > 4 || strings.Trim(digits, "0123456789") != "") {
		return wrongUse("--caller %q: only the last four digits of a number are kept, such as 0001", digits)
	}
	return nil
}

// writesTo is the file to write, or "" for standard output.
func writesTo(c *cli.Context) string {
	if name := c.String("output"); name != "-" {
		return name
	}
	return ""
}

// withReports runs f on the reports. They must exist: a report of no calls would look like a quiet week.
func withReports(c *cli.Context, cfg config, f func(*reports.Reader) error) error {
	kept, err := reportsdb.OpenReadOnly(c.Context, cfg.reportsPath())
	if errors.Is(err, sqlite.ErrMissing) {
		return fmt.Errorf("there are no reports yet: %s does not exist. \"countersign serve\" creates it as calls come "+
			"in; --data sets the folder", cfg.reportsPath())
	}
	if err != nil {
		return err
	}
	return errors.Join(f(reports.NewReader(kept.DB(), time.Now)), kept.Close())
}
