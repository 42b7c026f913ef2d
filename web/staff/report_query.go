package staff

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/reports"
	"countersign/web/access"
	"countersign/web/query"
)

// asked is what an address asks for, as its form shows it.
type asked struct {
	// Period is the period's word; "" if From and To say it.
	Period, From, To string
	Line             string
	Lines            []string
	// Days: periods consist of whole days.
	Days bool
	// Kept are parts of the address that have no field in the form.
	Kept []kept
}

type kept struct{ Name, Value string }

// query reads a report's query from the address.
func (p *Pages) query(r *http.Request, name string) (reports.Query, error) {
	who, _ := access.From(r.Context())
	values := r.URL.Query()
	q, err := query.Parse(name, values, time.Local, p.Now())
	if err != nil {
		return q, refuse(http.StatusBadRequest, "bad_period")
	}
	q.Language, q.Rounded = language(who, r), !who.MaySeePersons()
	if name == "calls" {
		q.Older = placeOf(values.Get("older"))
	}
	q.Lines, err = wantedLines(who, values.Get("line"))
	return q, err
}

// forForm is a time for a form: without its zone, unless two times would look the same.
func forForm(t time.Time) string {
	text := t.In(time.Local).Format(query.FormTime)
	if same, err := time.ParseInLocation(query.FormTime, text, time.Local); err == nil && same.Equal(t) {
		return text
	}
	return t.Format(time.RFC3339)
}

// wantedLines are the lines to count: the one that is asked for, or all that somebody sees.
func wantedLines(who access.Who, line string) ([]string, error) {
	switch {
	case line != "" && !who.Sees(line):
		return nil, refuse(http.StatusForbidden, "not_your_line")
	case line != "":
		return []string{line}, nil
	}
	return who.Lines, nil
}

// asked is the form of an address.
func (p *Pages) asked(r *http.Request, shown ...string) asked {
	who, _ := access.From(r.Context())
	values := r.URL.Query()
	a := asked{
		Period: string(query.Period(values)), From: values.Get("from"), To: values.Get("to"), Line: values.Get("line"),
		Lines: p.linesOf(who), Days: !who.MaySeePersons(),
	}
	if a.From != "" || a.To != "" {
		a.Period = ""
	}
	shown = append(shown, "period", "from", "to", "line", "older", "format")
	for _, name := range query.CallNames() {
		if v := values.Get(name); v != "" && !slices.Contains(shown, name) {
			a.Kept = append(a.Kept, kept{name, v})
		}
	}
	return a
}

// callsURL is the address of the calls behind a number.
func callsURL(t reports.Trace, line string) string {
	f, values := t.Filter, url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	flag := func(name string, is bool) {
		if is {
			values.Set(name, "1")
		}
	}
	set("from", forForm(t.Period.From))
	set("to", forForm(t.Period.To))
	if set("line", t.Line); t.Line == "" {
		set("line", line)
	}
	set("status", f.Status)
	set("reason", f.Reason)
	set("customer", f.Customer)
	set("caller", f.CallerLast4)
	set("identified_by", f.IdentifiedBy)
	set("step", f.FailedStep)
	flag("failed", f.Failed)
	flag("step_ups", f.StepUps)
	flag("tests", f.Tests)
	set("counted", f.Counted)
	set("methods", f.Methods)
	set("asked", f.Asked)
	set("attempt", f.Attempt)
	set("result", f.Result)
	set("weekday", f.Weekday)
	set("clock_from", f.ClockFrom)
	set("clock_to", f.ClockTo)
	return "/calls?" + values.Encode()
}

// placeOf reads the place of a call in a list, as placeText writes it; the zero Place is the beginning.
func placeOf(text string) reports.Place {
	at, call, _ := strings.Cut(text, ".")
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil || call == "" {
		return reports.Place{}
	}
	return reports.Place{Started: ms, Call: call}
}

func placeText(p reports.Place) string { return fmt.Sprintf("%d.%s", p.Started, p.Call) }

// with is the address of a request with a part of it changed; "" takes the part out.
func with(r *http.Request, path, name, value string) string {
	values := r.URL.Query()
	if values.Set(name, value); value == "" {
		values.Del(name)
	}
	return (&url.URL{Path: path, RawQuery: values.Encode()}).String()
}
