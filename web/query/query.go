// Package query reads the query of a report from an address, the same for pages and for the API.
package query

import (
	"net/url"
	"time"

	"countersign/reports"
)

// Names are the members of an address that Parse reads: those of every report, and those that pick calls.
func Names() []string { return []string{"period", "from", "to", "line", "by", "compare"} }

// CallNames are those that pick calls.
func CallNames() []string {
	return []string{"status", "reason", "customer", "caller", "identified_by", "step", "failed", "step_ups"}
}

// Parse reads the query of the report name, all but its lines and its language. Its error says what is wrong with the
// period.
func Parse(name string, values url.Values, zone *time.Location, now time.Time) (reports.Query, error) {
	q := reports.Query{Quiet: true, By: values["by"], Compare: values.Get("compare") != ""}
	if from, to := values.Get("from"), values.Get("to"); from != "" || to != "" {
		period, err := reports.ParsePeriod(from, to, zone, now)
		if err != nil {
			return reports.Query{}, err
		}
		q.Period = period
	} else {
		q.Period = Period(values).Period(zone, now)
	}
	if name == "calls" {
		q.Calls = reports.Filter{
			Status: values.Get("status"), Reason: values.Get("reason"), Customer: values.Get("customer"),
			CallerLast4: values.Get("caller"), IdentifiedBy: values.Get("identified_by"), FailedStep: values.Get("step"),
			Failed: values.Get("failed") != "", StepUps: values.Get("step_ups") != "",
		}
	}
	return q, nil
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
