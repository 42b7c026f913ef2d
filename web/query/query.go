// Package query reads the query of a report from an address, the same for pages and for the API.
package query

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"countersign/reports"
)

// Names are the members of an address that Parse reads: those of every report.
func Names() []string { return []string{"period", "from", "to", "line", "by", "compare"} }

// CallNames are those that pick calls.
func CallNames() []string {
	return []string{
		"status", "reason", "customer", "caller", "identified_by", "step", "failed", "step_ups", "counted", "methods", "asked",
		"attempt", "result", "weekday", "clock_from", "clock_to",
	}
}

// Parse reads the query of the report name, all but its lines and its language. Its error says what is wrong with the
// period.
func Parse(name string, values url.Values, zone *time.Location, now time.Time) (reports.Query, error) {
	q := reports.Query{
		Quiet: true, Compare: values.Get("compare") != "",
		By: slices.DeleteFunc(slices.Clone(values["by"]), func(by string) bool { return by == "" }),
	}
	if from, to := values.Get("from"), values.Get("to"); from != "" || to != "" {
		period, err := reports.ParsePeriod(withZone(from, zone), withZone(to, zone), zone, now)
		if err != nil {
			return reports.Query{}, err
		}
		q.Period = period
	} else {
		q.Period = Period(values).Period(zone, now)
	}
	if name == "calls" {
		q.Calls = filter(values)
	}
	return q, nil
}

// FormTime is how browsers write a time in a form: without a zone.
const FormTime = "2006-01-02T15:04"

func withZone(text string, zone *time.Location) string {
	if at, err := time.ParseInLocation(FormTime, text, zone); err == nil {
		return at.Format(time.RFC3339)
	}
	return text
}

func filter(values url.Values) reports.Filter {
	get := values.Get
	return reports.Filter{
		Status: get("status"), Reason: get("reason"), Customer: strings.TrimSpace(get("customer")),
		CallerLast4: get("caller"), IdentifiedBy: get("identified_by"), FailedStep: get("step"),
		Failed: get("failed") != "", StepUps: get("step_ups") != "", Tests: get("tests") != "", Counted: get("counted"), Methods: get("methods"),
		Asked: get("asked"), Attempt: get("attempt"), Result: get("result"), Weekday: get("weekday"),
		ClockFrom: get("clock_from"), ClockTo: get("clock_to"),
	}
}

// Period is the period that an address names; today if it names none that exists.
func Period(values url.Values) reports.PeriodWord {
	for _, word := range reports.PeriodWords() {
		if values.Get("period") == string(word) {
			return word
		}
	}
	return reports.Today
}
