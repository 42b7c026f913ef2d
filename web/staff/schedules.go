package staff

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"countersign/reports/deliver"
	"countersign/reports/words"
	"countersign/web/access"
)

// Schedules are the scheduled reports of this machine.
type Schedules interface {
	// Statuses are those of all schedules.
	Statuses(ctx context.Context) ([]deliver.Status, error)
	// Run makes a scheduled report now, in the name of actor, and returns where it went. What it returns is done, even
	// with an error. deliver.ErrUnknown: there is none of that name.
	Run(ctx context.Context, name, actor string) (went []string, err error)
}

// schedulesPage lists the scheduled reports.
type schedulesPage struct {
	All []schedule
	// Done says what came of a run.
	Done string
	// Example is how one is written in the file, Form is one that is written here; nil if none can be.
	Example string
	Form    *scheduleForm
}

type schedule struct {
	deliver.Status
	What, To, Last string
	// MayRun and MayChange say what whoever looks may do.
	MayRun, MayChange bool
}

// exampleSchedule is how one is written.
const exampleSchedule = `reports:
  schedules:
    - name: weekly
      cron: "0 6 * * 1"
      tz: Europe/Berlin
      report: summary
      period: last_week
      by: [line, day]
      format: pdf
      mail: {to: [ops@bank.example]}`

func (p *Pages) schedules(w http.ResponseWriter, r *http.Request) error {
	return p.showSchedules(w, r, http.StatusOK, deliver.Schedule{}, "")
}

// showSchedules shows the schedules, with one that somebody writes, and what is wrong with it.
func (p *Pages) showSchedules(w http.ResponseWriter, r *http.Request, status int, s deliver.Schedule, problem string) error {
	shown := p.page(r, nil)
	shown.Problem = problem
	if err := p.fillSchedules(r, &shown, "", s); err != nil {
		return err
	}
	return p.write(w, r, status, "schedules", shown)
}

func (p *Pages) fillSchedules(r *http.Request, shown *page, done string, written deliver.Schedule) error {
	if p.Schedules == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	all, err := p.Schedules.Statuses(r.Context())
	if err != nil {
		return err
	}
	form, err := p.scheduleForm(r, written)
	if err != nil {
		return err
	}
	s := schedulesPage{Done: done, Example: exampleSchedule, Form: form}
	for _, one := range all {
		if !seesAll(shown.Who, one.Lines) {
			continue
		}
		s.All = append(s.All, schedule{
			Status: one, What: shown.scheduleWhat(one), To: shown.scheduleTo(one), Last: shown.scheduleLast(one),
			MayRun: shown.Who.Has(access.Admin), MayChange: form != nil && form.Own[one.Name],
		})
	}
	shown.Data = s
	return nil
}

// seesAll says whether somebody sees all lines of a schedule, of which none means all.
func seesAll(who access.Who, lines []string) bool {
	if len(lines) == 0 {
		return len(who.Lines) == 0
	}
	return !slices.ContainsFunc(lines, func(l string) bool { return !who.Sees(l) })
}

func (p page) scheduleWhat(s deliver.Status) string {
	what := []string{p.ReportTitleOrCalls(s.Report), p.PeriodText(s.Period)}
	for _, by := range s.By {
		what = append(what, p.Word(words.Sections, by))
	}
	return strings.Join(append(what, string(s.Format)), " · ")
}

// ReportTitleOrCalls is the title of any report.
func (p page) ReportTitleOrCalls(name string) string {
	if name == "calls" {
		return p.T("menu_calls")
	}
	return p.ReportTitle(name)
}

func (p page) scheduleTo(s deliver.Status) string {
	var to []string
	if s.Folder != "" {
		to = append(to, s.Folder)
	}
	return strings.Join(append(to, s.Mail...), ", ")
}

func (p page) scheduleLast(s deliver.Status) string {
	switch {
	case s.Last == nil:
		return p.T("schedule_never")
	case s.Last.OK:
		return p.T("schedule_ok", p.Date(s.Last.Ended), s.Last.Seconds)
	}
	return p.T("schedule_failed", p.Date(s.Last.Ended), s.Last.Attempts, s.Last.Error)
}

// runWithin bounds a run: a mail server may be slow.
const runWithin = 20 * time.Second

func (p *Pages) runSchedule(w http.ResponseWriter, r *http.Request) error {
	if p.Schedules == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	went, err := p.Schedules.Run(r.Context(), r.PathValue("schedule"), who.ID)
	if errors.Is(err, deliver.ErrUnknown) {
		return refuse(http.StatusNotFound, "schedule_unknown")
	}
	shown, done, status := p.page(r, nil), "", http.StatusOK
	if len(went) > 0 {
		done = shown.T("schedule_ran", strings.Join(went, ", "))
	}
	if err != nil {
		p.Log.Warn("scheduled report not delivered", "schedule", r.PathValue("schedule"), "err", err)
		shown.Problem, status = shown.T("schedule_problem", err.Error()), http.StatusBadGateway
	}
	if err := p.fillSchedules(r, &shown, done, deliver.Schedule{}); err != nil {
		return err
	}
	return p.write(w, r, status, "schedules", shown)
}
