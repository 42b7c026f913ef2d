package deliver

import (
	"errors"
	"time"

	"countersign/reports"
	"countersign/reports/render"
	"countersign/reports/schedule"
)

// ErrUnknown: the settings have no schedule with this name.
var ErrUnknown = errors.New("there is no schedule with this name")

// Status is a schedule and how it ran last.
type Status struct {
	Name   string             `json:"name"`
	Cron   string             `json:"cron"`
	TZ     string             `json:"tz"`
	Report string             `json:"report"`
	Period reports.PeriodWord `json:"period"`
	Format render.Format      `json:"format"`
	// Compare and Language are absent where they are not set.
	Compare  string   `json:"compare,omitempty"`
	Language string   `json:"language,omitempty"`
	Lines    []string `json:"lines,omitempty"`
	By       []string `json:"by,omitempty"`
	Folder   string   `json:"folder,omitempty"`
	Mail     []string `json:"mail,omitempty"`
	// Last is absent before the first run.
	Last *LastRun `json:"last,omitempty"`
	// Next is when it runs next, or again after a failure. Absent means never.
	Next *time.Time `json:"next,omitempty"`
	// Running says that a process is making it now.
	Running bool `json:"running"`
}

// LastRun is the last run of a schedule: Due is when it was due, Ended when its last attempt ended.
type LastRun struct {
	Due      time.Time `json:"due"`
	Ended    time.Time `json:"ended"`
	Seconds  float64   `json:"seconds"`
	OK       bool      `json:"ok"`
	Error    string    `json:"error,omitempty"`
	Attempts int       `json:"attempts"`
}

// Statuses are those of all schedules, from the states in the reports.
func (s Settings) Statuses(states map[string]schedule.State, now time.Time) (statuses []Status, err error) {
	all, err := s.Due()
	if err != nil {
		return nil, err
	}
	for i, one := range s.Schedules {
		statuses = append(statuses, one.status(all[i].Cron, states[one.Name], now))
	}
	return statuses, nil
}

func (s Schedule) status(cron schedule.Cron, state schedule.State, now time.Time) Status {
	zone := cron.Zone()
	out := Status{
		Name: s.Name, Cron: s.Cron, TZ: zone.String(), Report: s.Report, Period: s.Period, Format: s.Format, Lines: s.Lines,
		By: s.By, Compare: s.Compare, Language: s.Language, Folder: s.Folder, Mail: s.Mail.To,
	}
	if !state.Holds(cron, now) { // the service will add it
		state = schedule.State{Handled: now}
	}
	out.Running = state.Running(now)
	if !state.Ended.IsZero() {
		out.Last = &LastRun{
			Due: state.Due.In(zone), Ended: state.Ended.In(zone), Seconds: state.Took.Seconds(), OK: state.Error == "",
			Error: state.Error, Attempts: state.Attempts,
		}
		if out.Last.OK {
			out.Last.Due = state.Handled.In(zone) // the next one may be running
		}
	}
	if _, at := state.Next(cron, now); !at.IsZero() {
		at = at.In(zone)
		out.Next = &at
	}
	return out
}
