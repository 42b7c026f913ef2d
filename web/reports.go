package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"countersign/reports"
	"countersign/reports/render"
	"countersign/reports/words"
	"countersign/session/event"
	"countersign/web/query"
)

// Reports make reports.
type Reports interface {
	// Read is reports.Reader.Read, or returns reports.ErrNoReports.
	Read(ctx context.Context, name string, q reports.Query, print func(*reports.Report) error) error
	// Benefits is reports.Reader.Benefits.
	Benefits(ctx context.Context, q reports.BenefitsQuery) (reports.Benefits, error)
}

// How many calls an answer has at most, and without a limit (docs/policy.md#people).
const (
	maxCalls   = 10_000
	usualCalls = 100
)

const noReports = "There are no reports on this machine. One that serves with both roles, calls and reporting, has them."

// report answers with a report as render.Schema has it.
func (a *api) report(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if !slices.Contains(reports.Names(), name) {
		return &problem{Status: http.StatusNotFound, Detail: "There is no such report: it can be " +
			strings.Join(reports.Names(), ", ") + "."}
	}
	known := append(query.Names(), "language")
	if name == "calls" {
		known = append(append(known, query.CallNames()...), "limit")
	}
	q, err := a.query(r, name, known)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	err = a.read(r.Context(), name, q, func(made *reports.Report) error {
		return render.Print(&out, made, render.JSON, render.Terminal{})
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(out.Bytes())
	return nil
}

// foundCall is a call of a search.
type foundCall struct {
	Call     string       `json:"call"`
	Started  time.Time    `json:"started"`
	Line     string       `json:"line"`
	Caller   string       `json:"caller,omitempty"`
	Customer string       `json:"customer,omitempty"`
	Status   event.Status `json:"status,omitempty"`
	Level    int64        `json:"level"`
	Reason   event.Reason `json:"reason,omitempty"`
	Seconds  *float64     `json:"seconds,omitempty"`
}

type foundCalls struct {
	Calls []foundCall `json:"calls"`
	// Of is how many there are; Calls has fewer if the limit says so.
	Of int64 `json:"of"`
}

// searchCalls finds calls, latest first.
func (a *api) searchCalls(w http.ResponseWriter, r *http.Request) error {
	known := []string{"period", "from", "to", "line", "caller", "customer", "status", "limit"}
	q, err := a.query(r, "calls", known)
	if err != nil {
		return err
	}
	found := foundCalls{Calls: []foundCall{}}
	err = a.read(r.Context(), "calls", q, func(made *reports.Report) error {
		found.Of = made.Of
		for row, err := range made.Rows {
			if err != nil {
				return err
			}
			found.Calls = append(found.Calls, foundIn(made.Columns, row))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, found)
}

func foundIn(columns []reports.Column, row reports.Row) (c foundCall) {
	for i, column := range columns {
		switch v := row[i].(type) {
		case time.Time:
			if column.Key == "started" {
				c.Started = v.UTC()
			}
		case int64:
			if column.Key == "level" {
				c.Level = v
			}
		case float64:
			if column.Key == "seconds" {
				c.Seconds = &v
			}
		case string:
			switch column.Key {
			case "call":
				c.Call = v
			case "line":
				c.Line = v
			case "caller":
				c.Caller = v
			case "customer":
				c.Customer = v
			case "status":
				c.Status = event.Status(v)
			case "reason":
				c.Reason = event.Reason(v)
			}
		}
	}
	return c
}

type journey struct {
	Call   string        `json:"call"`
	Events []event.Event `json:"events"`
}

// journey answers with the events of a call.
func (a *api) journey(w http.ResponseWriter, r *http.Request) error {
	if a.Journey == nil {
		return unavailable("This machine keeps no journal.", nil)
	}
	id, err := callID(r)
	if err != nil {
		return err
	}
	events, err := a.Journey(r.Context(), id)
	switch {
	case err != nil:
		return unavailable("The journal cannot be read now. Try again.", err)
	case len(events) == 0:
		return &problem{Status: http.StatusNotFound, Detail: "There is no call with this id in the journal of this machine, " +
			"or it was too long ago."}
	}
	return answer(w, http.StatusOK, journey{Call: id, Events: events})
}

// query reads the query of a report from a request that may have the known members and no others.
func (a *api) query(r *http.Request, name string, known []string) (reports.Query, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return reports.Query{}, badRequest("The address cannot be read.")
	}
	for member, all := range values {
		if !slices.Contains(known, member) {
			return reports.Query{}, badRequest("The address may have only " + strings.Join(known, ", ") + ".")
		}
		if len(all) > 1 && member != "by" && member != "line" {
			return reports.Query{}, badRequest("The address has " + member + " more than once.")
		}
	}
	if word := values.Get("period"); word != "" && word != string(query.Period(values)) {
		return reports.Query{}, badRequest("There is no such period: it can be today, yesterday, last_7_days, last_week, …")
	}
	q, err := query.Parse(name, values, time.Local, a.Now())
	if err != nil {
		return reports.Query{}, badRequest("The period is wrong: from and to are days such as 2026-11-21, both included, or " +
			"times such as 2026-11-21T08:00:00+01:00.")
	}
	q.Lines = values["line"]
	if q.Language, err = words.Parse(values.Get("language")); err != nil {
		return reports.Query{}, badRequest("The language must be en or de.")
	}
	if name != "calls" {
		return q, nil
	}
	q.Limit = usualCalls
	if text := values.Get("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > maxCalls {
			return reports.Query{}, badRequest(fmt.Sprintf("The limit must be a number from 1 to %d.", maxCalls))
		}
	}
	return q, nil
}

func (a *api) read(ctx context.Context, name string, q reports.Query, print func(*reports.Report) error) error {
	if a.Reports == nil {
		return unavailable(noReports, nil)
	}
	err := a.Reports.Read(ctx, name, q, print)
	var unknown *reports.UnknownError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, reports.ErrNoReports):
		return unavailable(noReports, nil)
	case errors.As(err, &unknown):
		return badRequest("There is no such " + unknown.What + ": it can be " + strings.Join(unknown.Known, ", ") + ".")
	case errors.Is(err, reports.ErrUneven):
		return badRequest("Reports count by quarter hours: from and to must be at one. The report calls takes any time.")
	case errors.Is(err, reports.ErrNothingToCompare), errors.Is(err, reports.ErrNoComparison):
		return badRequest("This report has nothing to be compared with.")
	}
	return unavailable("The reports cannot be read now. Try again.", err)
}
