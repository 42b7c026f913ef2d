package main

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/reports"
	"countersign/reports/render"
	"countersign/reports/schedule"
)

// reportSettings are the reports that are made by themselves.
type reportSettings struct {
	Schedules []scheduleSettings `yaml:"schedules"`
	Mail      mailSettings       `yaml:"mail"`
}

// scheduleSettings are one of them.
type scheduleSettings struct {
	Name   string          `yaml:"name"`
	Cron   string          `yaml:"cron"`
	TZ     string          `yaml:"tz"`
	Report string          `yaml:"report"`
	Period schedule.Period `yaml:"period"`
	Lines  []string        `yaml:"lines"`
	By     []string        `yaml:"by"`
	Format render.Format   `yaml:"format"`
	Folder string          `yaml:"folder"`
	Mail   struct {
		To      []string `yaml:"to"`
		Subject string   `yaml:"subject"`
	} `yaml:"mail"`
}

// zone is where cron is read and days are told apart.
func (s scheduleSettings) zone() (*time.Location, error) {
	if s.TZ == "" {
		return localZone(), nil
	}
	zone, err := time.LoadLocation(s.TZ)
	if err != nil || s.TZ == "Local" {
		return time.UTC, fmt.Errorf("tz is %q: there is no such time zone; write its name as Europe/Berlin, America/New_York or UTC", s.TZ)
	}
	return zone, nil
}

// schedule is what its settings say about when it is due.
func (s scheduleSettings) schedule() (schedule.Schedule, error) {
	zone, wrong := s.zone()
	cron, err := schedule.ParseCron(s.Cron, zone)
	if err != nil {
		err = fmt.Errorf("cron is %q: %w", s.Cron, err)
	}
	return schedule.Schedule{Name: s.Name, Cron: cron}, errors.Join(wrong, err)
}

// schedules are those of all settings, which were checked.
func (r reportSettings) schedules() (all []schedule.Schedule, err error) {
	for _, s := range r.Schedules {
		one, err := s.schedule()
		if err != nil {
			return nil, fmt.Errorf("reports.schedules: %s: %w", s.Name, err)
		}
		all = append(all, one)
	}
	return all, nil
}

func (r reportSettings) find(name string) (scheduleSettings, bool) {
	i := slices.IndexFunc(r.Schedules, func(s scheduleSettings) bool { return s.Name == name })
	if i < 0 {
		return scheduleSettings{}, false
	}
	return r.Schedules[i], true
}

// check finds everything that is wrong.
func (r reportSettings) check() (errs []error) {
	seen := map[string]bool{}
	for i, s := range r.Schedules {
		name := fmt.Sprintf("reports.schedules[%d]", i)
		if s.Name != "" {
			name = fmt.Sprintf("reports.schedules: %q", s.Name)
		}
		say := func(format string, a ...any) { errs = append(errs, fmt.Errorf(name+": "+format, a...)) }
		switch {
		case !scheduleName.MatchString(s.Name):
			say("name must be of the letters a-z, digits and -, at most 60 of them, such as weekly")
		case seen[s.Name]:
			say("two schedules have this name")
		}
		seen[s.Name] = true
		for _, err := range s.check(r.Mail) {
			say("%w", err)
		}
	}
	for _, err := range r.Mail.check() {
		errs = append(errs, fmt.Errorf("reports.mail.%w", err))
	}
	return errs
}

var scheduleName = regexp.MustCompile(`^[a-z0-9-]{1,60}$`)

func (s scheduleSettings) check(server mailSettings) (errs []error) {
	say := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if _, err := s.zone(); err != nil {
		errs = append(errs, err)
	}
	if _, err := schedule.ParseCron(s.Cron, time.UTC); err != nil {
		say("cron is %q: %w", s.Cron, err)
	}
	if !slices.Contains(reports.Names(), s.Report) {
		say("report is %q: known are %s", s.Report, strings.Join(reports.Names(), ", "))
	} else if sections := reports.Sections(s.Report); len(sections) == 0 && len(s.By) > 0 {
		say("the report %s takes no by", s.Report)
	} else {
		for _, by := range s.By {
			if !slices.Contains(sections, by) {
				say("by has %q: the report %s knows %s", by, s.Report, strings.Join(sections, ", "))
			}
		}
	}
	if !slices.Contains(schedule.Periods(), s.Period) {
		say("period is %q: it can be %s", s.Period, joined(schedule.Periods()))
	}
	if !slices.Contains(render.Formats(), s.Format) {
		say("format is %q: it can be %s", s.Format, joinFormats())
	}
	if slices.Contains(s.Lines, "") {
		say("lines has an empty name")
	}
	if s.Folder != "" && !filepath.IsAbs(s.Folder) {
		say("folder is %q: write it from the root, such as /srv/reports", s.Folder)
	}
	switch {
	case s.Folder == "" && len(s.Mail.To) == 0:
		say("it goes nowhere: set folder, mail.to or both")
	case len(s.Mail.To) > 0 && server.Server == "":
		say("mail needs a server: set reports.mail.server")
	}
	for _, to := range s.Mail.To {
		if _, err := mail.ParseAddress(to); err != nil {
			say("mail.to has %q, which is no address such as ops@bank.example", to)
		}
	}
	if strings.ContainsFunc(s.Mail.Subject, func(r rune) bool { return r < ' ' }) {
		say("mail.subject must be one line")
	}
	return errs
}

func joined[T ~string](all []T) string {
	var words []string
	for _, one := range all {
		words = append(words, string(one))
	}
	return strings.Join(words, ", ")
}

// check finds everything that is wrong with the server, without the name of the setting that the server is.
func (m mailSettings) check() (errs []error) {
	say := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if !slices.Contains([]string{mailStartTLS, mailImplicit, mailNone}, m.TLS) {
		say("tls is %q: it can be %s, %s or %s", m.TLS, mailStartTLS, mailImplicit, mailNone)
	}
	if m.Server == "" {
		return errs
	}
	host, port, err := net.SplitHostPort(m.Server)
	if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil || host == "" {
		say("server is %q: it must be HOST:PORT, such as smtp.example:587", m.Server)
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		say("from is %q: it must be an address, such as countersign@bank.example", m.From)
	}
	if m.Password != "" && m.User == "" {
		say("user is missing: there is a password")
	}
	// The library knows the same names of this machine, and refuses too.
	if m.TLS == mailNone && m.Password != "" && !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, host) {
		say("tls is %s: the password for %s would go over the network for everybody to read; set %s or %s", mailNone, host, mailStartTLS, mailImplicit)
	}
	return errs
}
