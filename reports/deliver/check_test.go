package deliver

import (
	"errors"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(t *testing.T, text string) (s Settings) {
	t.Helper()
	s.Mail.TLS = StartTLS
	require.NoError(t, yaml.NewDecoder(strings.NewReader(text), yaml.Strict()).Decode(&s))
	return s
}

func TestEverythingThatIsWrongWithSettingsIsSaid(t *testing.T) {
	t.Parallel()
	for settings, words := range map[string][]string{
		`schedules: [{name: A b, cron: "61 * * * *", tz: Berlin, report: sums, period: someday, format: doc}]`: {
			`"A b": name must be`, `tz is "Berlin": there is no such time zone`, "61", `report is "sums"`, "summary, ani",
			`period is "someday"`, "today, yesterday, last_7_days", `format is "doc"`, "xlsx",
			"has no destination",
		},
		`schedules: [{cron: "61 * * * *", report: failed, by: [methods], period: yesterday, format: csv, folder: reports,
			lines: [""]}]`: {
			"schedules[0]: name", "61", "weekday", `by has "methods"`, "reason, step", `folder is "reports"`,
			"lines has an empty name",
		},
		`schedules: [{name: a, cron: "@daily", report: calls, by: [day], period: yesterday, format: csv,
				mail: {to: [nobody], subject: "a\nb"}},
			{name: a, cron: "@daily", report: calls, period: yesterday, format: csv, folder: /x}]`: {
			`"a": two schedules`, "calls has no by", "set reports.mail.server", `mail.to has "nobody"`, "one line",
		},
		`schedules: [{name: a, cron: "@daily", report: summary, by: [week], period: last_week, format: csv, folder: /x,
				compare: previous},
			{name: b, cron: "@daily", report: calls, period: last_week, format: csv, folder: /x, compare: previous},
			{name: c, cron: "@daily", report: ani, period: last_week, format: csv, folder: /x, compare: last_year}]`: {
			`by has "week", which cannot be compared`, "the report calls has no compare", `compare is "last_year"`,
		},
		`mail: {server: smtp.example, from: me, password: hunter2, tls: maybe}`: {
			"reports.mail.server", "HOST:PORT", "reports.mail.from", "reports.mail.user", `reports.mail.tls is "maybe"`,
		},
		`mail: {server: "smtp.example:25", from: me@bank.example, user: me, password: hunter2, tls: none}`: {
			"reports.mail.tls is none", "smtp.example", "starttls",
		},
	} {
		err := errors.Join(read(t, settings).Check()...)
		for _, w := range words {
			require.ErrorContains(t, err, w, settings)
		}
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestSettingsThatAreRight(t *testing.T) {
	t.Parallel()
	for _, settings := range []string{
		`schedules: []`,
		`mail: {server: "localhost:25", from: me@bank.example, user: me, password: x, tls: none}`,
		`schedules: [{name: a, cron: "@daily", report: failed, by: [reason], period: yesterday, format: csv, folder: /x}]`,
	} {
		s := read(t, settings)
		assert.Empty(t, s.Check(), settings)
		due, err := s.Due()
		require.NoError(t, err)
		assert.Len(t, due, len(s.Schedules))
	}
}
