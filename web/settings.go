package web

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"countersign/reports"
	"countersign/reports/deliver"
	"countersign/reports/render"
	"countersign/web/overrides"
)

// shownSettings are the settings that change without the file.
type shownSettings struct {
	Revision uint64 `json:"revision"`
	// SMS are the texts in force, Own the languages whose text is not that of the file.
	SMS       map[string]string   `json:"sms"`
	Own       []string            `json:"own"`
	Retention overrides.Retention `json:"retention"`
	// Schedules are the scheduled reports of this machine that are not in the file.
	Schedules []schedule `json:"schedules"`
}

// schedule is a scheduled report, in the words of reports.schedules in the settings.
type schedule struct {
	Name     string   `json:"name,omitempty"`
	Cron     string   `json:"cron"`
	TZ       string   `json:"tz,omitempty"`
	Report   string   `json:"report"`
	Period   string   `json:"period"`
	Compare  string   `json:"compare,omitempty"`
	Lines    []string `json:"lines,omitempty"`
	By       []string `json:"by,omitempty"`
	Format   string   `json:"format"`
	Language string   `json:"language,omitempty"`
	Rounded  bool     `json:"rounded,omitempty"`
	Mail     struct {
		To      []string `json:"to"`
		Subject string   `json:"subject,omitempty"`
	} `json:"mail"`
}

func (a *api) settings(w http.ResponseWriter, r *http.Request, in *Administration) error {
	now, err := in.Overrides.Now(r.Context())
	if err != nil {
		return unavailable("The settings cannot be read now. Try again.", err)
	}
	s := shownSettings{
		Revision: now.Revision, SMS: now.Texts, Own: emptyIfNil(slices.Sorted(maps.Keys(now.SMS))), Retention: now.Periods,
		Schedules: []schedule{},
	}
	for _, x := range now.Schedules {
		if x.Node != now.Node {
			continue
		}
		one := schedule{
			Name: x.Name, Cron: x.Cron, TZ: x.TZ, Report: x.Report, Period: string(x.Period), Compare: x.Compare, Lines: x.Lines,
			By: x.By, Format: string(x.Format), Language: x.Language, Rounded: x.Rounded,
		}
		one.Mail.To, one.Mail.Subject = x.Mail.To, x.Mail.Subject
		s.Schedules = append(s.Schedules, one)
	}
	return answer(w, http.StatusOK, s)
}

// changeSettings replaces the texts of messages, how long data is kept, or both: what is left out stays.
func (a *api) changeSettings(w http.ResponseWriter, r *http.Request, in *Administration) error {
	var want struct {
		Revision  *uint64              `json:"revision"`
		SMS       map[string]string    `json:"sms"`
		Retention *overrides.Retention `json:"retention"`
	}
	if err := readJSON(w, r, &want, `{"revision": 0, "sms": {"en": "Your code: {code}"}, "retention": {"journal": 60}}`); err != nil {
		return err
	}
	var what []string
	if want.SMS != nil {
		what = append(what, "texts of messages: "+strings.Join(slices.Sorted(maps.Keys(want.SMS)), ", "))
	}
	if want.Retention != nil {
		what = append(what, want.Retention.Detail())
	}
	if want.Revision == nil || len(what) == 0 {
		return badRequest("The body must have the revision that GET /v1/settings says, and sms, retention, or both.")
	}
	return a.override(w, r, in, strings.Join(what, "; "), *want.Revision, func(o *overrides.Overrides) {
		if want.SMS != nil {
			o.SMS = want.SMS
		}
		if want.Retention != nil {
			o.Retention = *want.Retention
		}
	})
}

// override makes a change, and answers with the settings as they are then.
func (a *api) override(
	w http.ResponseWriter, r *http.Request, in *Administration, what string, revision uint64, change func(*overrides.Overrides),
) error {
	err := in.Overrides.Change(r.Context(), actor(r), what, revision, change)
	var invalid *overrides.InvalidError
	switch {
	case errors.As(err, &invalid):
		return &problem{Status: http.StatusUnprocessableEntity, Detail: "Nothing was changed: " + invalid.Text}
	case errors.Is(err, overrides.ErrConflict):
		return conflict("Somebody else changed the settings meanwhile: read them again.")
	case err != nil:
		return unavailable("The settings cannot be written now. Try again.", err)
	}
	return a.settings(w, r, in)
}

// putSchedule makes a scheduled report on this machine, or changes one that is not in the file.
func (a *api) putSchedule(w http.ResponseWriter, r *http.Request, in *Administration) error {
	var want struct {
		Revision *uint64 `json:"revision"`
		schedule
	}
	const example = `{"revision": 0, "cron": "0 6 * * 1", "report": "summary", "period": "last_week", "format": "pdf", "mail": {"to": ["a@b.example"]}}`
	if err := readJSON(w, r, &want, example); err != nil {
		return err
	}
	if want.Revision == nil || want.Name != "" {
		return badRequest("The body must have the revision that GET /v1/settings says, and no name: that is in the address.")
	}
	now, err := in.Overrides.Now(r.Context())
	switch {
	case err != nil:
		return unavailable("The settings cannot be read now. Try again.", err)
	case !now.KeepsReports:
		return unavailable("This machine keeps no reports.", nil)
	}
	s := overrides.Schedule{Node: now.Node, Author: actor(r), Schedule: deliver.Schedule{
		Name: r.PathValue("schedule"), Cron: want.Cron, TZ: want.TZ, Report: want.Report, Period: reports.PeriodWord(want.Period),
		Compare: want.Compare, Lines: want.Lines, By: want.By, Format: render.Format(want.Format), Language: want.Language,
		Rounded: want.Rounded,
	}}
	s.Mail.To, s.Mail.Subject = want.Mail.To, want.Mail.Subject
	return a.override(w, r, in, "schedule "+s.Name, *want.Revision, now.With(s))
}

// removeSchedule removes one that is not in the file.
func (a *api) removeSchedule(w http.ResponseWriter, r *http.Request, in *Administration) error {
	revision, err := strconv.ParseUint(r.URL.Query().Get("revision"), 10, 64)
	if err != nil {
		return badRequest("The address must have ?revision= with that of GET /v1/settings.")
	}
	now, err := in.Overrides.Now(r.Context())
	if err != nil {
		return unavailable("The settings cannot be read now. Try again.", err)
	}
	name := r.PathValue("schedule")
	if _, ok := now.Made(name); !ok {
		return notFound("There is no schedule with this name outside of the file.")
	}
	return a.override(w, r, in, "schedule "+name+" removed", revision, now.Without(name))
}
