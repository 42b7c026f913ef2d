package deliver

import (
	"fmt"
	"net/mail"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"countersign/internal/mailserver"
	"countersign/reports"
	"countersign/reports/render"
	"countersign/reports/schedule"
)

// Check returns everything that is wrong, in the words of the settings.
func (s Settings) Check() (errs []error) {
	seen := map[string]bool{}
	for i, one := range s.Schedules {
		name := fmt.Sprintf("reports.schedules[%d]", i)
		if one.Name != "" {
			name = fmt.Sprintf("reports.schedules: %q", one.Name)
		}
		say := func(format string, a ...any) { errs = append(errs, fmt.Errorf(name+": "+format, a...)) }
		switch {
		case !scheduleName.MatchString(one.Name):
			say("name must be of the letters a-z, digits and -, at most 60 of them, such as weekly")
		case seen[one.Name]:
			say("two schedules have this name")
		}
		seen[one.Name] = true
		for _, err := range one.check(s.Mail) {
			say("%w", err)
		}
	}
	errs = append(errs, s.Benefits.Check()...)
	for _, err := range mailserver.Server(s.Mail).Check() {
		errs = append(errs, fmt.Errorf("reports.mail.%w", err))
	}
	return errs
}

var scheduleName = regexp.MustCompile(`^[a-z0-9-]{1,60}$`)

func (s Schedule) check(server Mail) []error {
	return slices.Concat(s.checkWhen(), s.checkWhat(), s.checkWhere(server))
}

func (s Schedule) checkWhen() (errs []error) {
	if _, err := s.zone(); err != nil {
		errs = append(errs, err)
	}
	if _, err := schedule.ParseCron(s.Cron, time.UTC); err != nil {
		errs = append(errs, fmt.Errorf("cron is %q: %w", s.Cron, err))
	}
	return errs
}

func (s Schedule) checkWhat() (errs []error) {
	say := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if !slices.Contains(reports.Names(), s.Report) {
		say("report is %q: it can be %s", s.Report, strings.Join(reports.Names(), ", "))
	} else if sections := reports.Sections(s.Report); len(sections) == 0 && len(s.By) > 0 {
		say("the report %s has no by", s.Report)
	} else {
		for _, by := range s.By {
			if !slices.Contains(sections, by) {
				say("by has %q: for the report %s it can be %s", by, s.Report, strings.Join(sections, ", "))
			} else if s.Compare != "" && !reports.Comparable(by) {
				say("by has %q, which cannot be compared with the period before: leave it or compare out", by)
			}
		}
	}
	if !slices.Contains(reports.PeriodWords(), s.Period) {
		say("period is %q: it can be %s", s.Period, joined(reports.PeriodWords()))
	}
	if !slices.Contains(render.Formats(), s.Format) {
		say("format is %q: it can be %s", s.Format, joined(render.Formats()))
	}
	switch {
	case s.Compare == "":
	case s.Compare != reports.Previous:
		say("compare is %q: it can be %s, or left out", s.Compare, reports.Previous)
	case slices.Contains(reports.Names(), s.Report) && !reports.Compares(s.Report):
		say("the report %s has no compare", s.Report)
	}
	if _, err := s.language(); err != nil {
		errs = append(errs, err)
	}
	if s.Rounded && s.Report == "calls" {
		say("the report calls lists persons: it cannot be rounded")
	}
	if slices.Contains(s.Lines, "") {
		say("lines has an empty name")
	}
	return errs
}

func (s Schedule) checkWhere(server Mail) (errs []error) {
	say := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if s.Folder != "" && !filepath.IsAbs(s.Folder) {
		say("folder is %q: it must be an absolute path, such as /srv/reports", s.Folder)
	}
	switch {
	case s.Folder == "" && len(s.Mail.To) == 0:
		say("it has no destination: set folder, mail.to or both")
	case len(s.Mail.To) > 0 && server.Server == "":
		say("mail needs a server: set reports.mail.server")
	}
	for _, to := range s.Mail.To {
		if _, err := mail.ParseAddress(to); err != nil {
			say("mail.to has %q: it must be an address, such as ops@bank.example", to)
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
