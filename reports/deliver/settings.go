package deliver

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/reports"
	"countersign/reports/render"
	"countersign/reports/schedule"
	"countersign/reports/words"
)

// Settings are what the settings say about reports: the scheduled ones, their mail server, and what the benefits are
// computed with.
type Settings struct {
	Schedules []Schedule          `yaml:"schedules"`
	Mail      Mail                `yaml:"mail"`
	Benefits  reports.Assumptions `yaml:"benefits"`
}

// Schedule is one scheduled report.
type Schedule struct {
	Name   string             `yaml:"name"`
	Cron   string             `yaml:"cron"`
	TZ     string             `yaml:"tz"`
	Report string             `yaml:"report"`
	Period reports.PeriodWord `yaml:"period"`
	// Compare is "previous" for a comparison with the period before, or empty.
	Compare string        `yaml:"compare"`
	Lines   []string      `yaml:"lines"`
	By      []string      `yaml:"by"`
	Format  render.Format `yaml:"format"`
	// Language is that of words for people; empty is English.
	Language string `yaml:"language"`
	// Rounded: no count under reports.Few can be computed from it, as on the screens of roles that may not see persons.
	Rounded bool   `yaml:"rounded"`
	Folder  string `yaml:"folder"`
	Mail    struct {
		To      []string `yaml:"to"`
		Subject string   `yaml:"subject"`
	} `yaml:"mail"`
}

// language is that of the report and its mail; English beside an error.
func (s Schedule) language() (words.Language, error) {
	l, err := words.Parse(s.Language)
	if err != nil {
		return l, fmt.Errorf("language is %q: it can be en or de", s.Language)
	}
	return l, nil
}

// due is when its settings say that it is due.
func (s Schedule) due() (schedule.Schedule, error) {
	zone, wrong := s.zone()
	cron, err := schedule.ParseCron(s.Cron, zone)
	if err != nil {
		err = fmt.Errorf("cron is %q: %w", s.Cron, err)
	}
	return schedule.Schedule{Name: s.Name, Cron: cron}, errors.Join(wrong, err)
}

// zone is the time zone of cron and days; UTC beside an error.
func (s Schedule) zone() (*time.Location, error) {
	zone, err := reports.LoadZone(s.TZ)
	if err != nil {
		return time.UTC, fmt.Errorf("tz is %q: %w", s.TZ, err)
	}
	return zone, nil
}

// Due says when each of the schedules is due, in their order.
func (s Settings) Due() (all []schedule.Schedule, err error) {
	for _, one := range s.Schedules {
		due, err := one.due()
		if err != nil {
			return nil, fmt.Errorf("reports.schedules: %s: %w", one.Name, err)
		}
		all = append(all, due)
	}
	return all, nil
}

// Find finds a schedule by its name.
func (s Settings) Find(name string) (Schedule, bool) {
	i := slices.IndexFunc(s.Schedules, func(s Schedule) bool { return s.Name == name })
	if i < 0 {
		return Schedule{}, false
	}
	return s.Schedules[i], true
}
