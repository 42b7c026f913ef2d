package staff

import (
	"net/http"
	"slices"
	"strings"

	"countersign/reports"
	"countersign/reports/deliver"
	"countersign/reports/render"
	"countersign/web/access"
	"countersign/web/overrides"
)

// scheduleForm is a scheduled report that somebody writes.
type scheduleForm struct {
	deliver.Schedule
	Revision uint64
	// Reports, Periods, Formats and Sections are what can be chosen.
	Reports  []string
	Periods  []reports.PeriodWord
	Formats  []render.Format
	Sections []string
	// Mails: there is a mail server. Own are those that were made on the screens.
	Mails bool
	Own   map[string]bool
}

// Chosen says whether the report has such sections.
func (f scheduleForm) Chosen(by string) bool { return slices.Contains(f.By, by) }

// To are the addresses that it is sent to.
func (f scheduleForm) To() string { return strings.Join(f.Mail.To, ", ") }

// OnLines are its lines.
func (f scheduleForm) OnLines() string { return strings.Join(f.Lines, ", ") }

// usualSchedule is what a new one begins with.
func usualSchedule(language string) (s deliver.Schedule) {
	s.Cron, s.Report, s.Period, s.Format, s.By, s.Language = "0 6 * * 1", "summary", reports.LastWeek, render.PDF, []string{"line"}, language
	return s
}

// scheduleForm is nil if no schedules can be made here.
func (p *Pages) scheduleForm(r *http.Request, s deliver.Schedule) (*scheduleForm, error) {
	if p.Overrides == nil {
		return nil, nil
	}
	now, err := p.Overrides.Now(r.Context())
	if err != nil || !now.KeepsReports {
		return nil, nil //nolint:nilerr // those that there are can be read
	}
	who, _ := access.From(r.Context())
	f := &scheduleForm{
		Schedule: s, Revision: now.Revision, Periods: reports.PeriodWords(), Formats: render.Formats(), Mails: now.Mails,
		Own: map[string]bool{},
	}
	for _, name := range reports.Names() {
		if name != "calls" || who.MaySeePersons() {
			f.Reports = append(f.Reports, name)
		}
	}
	f.Sections = reports.Sections("summary")
	for _, own := range now.Schedules {
		if own.Node != now.Node || !seesAll(who, own.Lines) {
			continue
		}
		f.Own[own.Name] = true
		if own.Name == r.URL.Query().Get("edit") && s.Name == "" {
			f.Schedule = own.Schedule
		}
	}
	if f.Name == "" && f.Cron == "" {
		f.Schedule = usualSchedule(string(language(who, r)))
	}
	return f, nil
}

// saveSchedule makes a scheduled report, or changes one that was made on the screens.
func (p *Pages) saveSchedule(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	if p.Overrides == nil || p.Schedules == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	var s deliver.Schedule
	s.Name, s.Cron, s.TZ, s.Report, s.Language = get("name"), get("cron"), get("tz"), get("report"), get("language")
	s.Period, s.Format, s.By = reports.PeriodWord(get("period")), render.Format(get("format")), r.PostForm["by"]
	s.Lines, s.Mail.To, s.Mail.Subject = listed(get("lines")), listed(get("to")), get("subject")
	if get("compare") != "" {
		s.Compare = reports.Previous
	}
	s.Rounded = !who.MaySeePersons()
	if !seesAll(who, s.Lines) {
		return refuse(http.StatusForbidden, "schedule_lines")
	}
	now, err := p.Overrides.Now(r.Context())
	if err != nil || !now.KeepsReports {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	if other, ok := now.Made(s.Name); ok && !seesAll(who, other.Lines) {
		return refuse(http.StatusForbidden, "schedule_lines")
	}
	return p.changeSettings(w, r, "schedule "+s.Name, now.With(overrides.Schedule{Node: now.Node, Author: who.ID, Schedule: s}),
		func(problem string) error { return p.showSchedules(w, r, http.StatusUnprocessableEntity, s, problem) }, "/schedules")
}

// removeSchedule removes a scheduled report that was made on the screens.
func (p *Pages) removeSchedule(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	if p.Overrides == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	who, _ := access.From(r.Context())
	now, err := p.Overrides.Now(r.Context())
	if err != nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	made, ok := now.Made(r.PathValue("schedule"))
	switch {
	case !ok:
		return refuse(http.StatusNotFound, "schedule_unknown")
	case !seesAll(who, made.Lines):
		return refuse(http.StatusForbidden, "schedule_lines")
	}
	return p.changeSettings(w, r, "schedule "+r.PathValue("schedule")+" removed", now.Without(made.Name), func(problem string) error {
		return p.showSchedules(w, r, http.StatusUnprocessableEntity, deliver.Schedule{}, problem)
	}, "/schedules")
}

// listed are the words of a list with commas.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' })
}
