package staff

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"countersign/reports"
	"countersign/reports/words"
	"countersign/session/event"
	"countersign/web/access"
)

// Reports make reports.
type Reports interface {
	// Read is reports.Reader.Read. ErrNoReports: nothing was counted yet.
	Read(ctx context.Context, name string, q reports.Query, print func(*reports.Report) error) error
}

// ErrNoReports: there are no reports yet.
var ErrNoReports = errors.New("no reports yet")

// callsPage lists calls.
type callsPage struct {
	Filter reports.Filter
	Period string
	Line   string
	Lines  []string
	Of     int64
	Table  table
}

// callsShown is how many calls a page has.
const callsShown = 100

func (p *Pages) calls(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	q := r.URL.Query()
	query, err := p.query(r, "calls")
	if err != nil {
		return err
	}
	query.Limit = callsShown
	c := callsPage{
		Filter: query.Calls, Period: periodName(q), Line: q.Get("line"), Lines: p.linesOf(who),
	}
	err = p.read(r.Context(), "calls", query, func(made *reports.Report) error {
		c.Of = made.Of
		c.Table, err = tableOf(made, callsShown)
		return err
	})
	if err != nil {
		return p.reportError(err)
	}
	return p.show(w, r, "calls", c)
}

// journeyPage is one call, step by step.
type journeyPage struct {
	event.Call
	Name   string
	Events []journeyEvent
}

type journeyEvent struct {
	At   time.Time
	Text string
	// Seconds is the time since the call began.
	Seconds float64
}

func (p *Pages) call(w http.ResponseWriter, r *http.Request) error {
	who, _ := access.From(r.Context())
	id := r.PathValue("call")
	if p.Journey == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	events, err := p.Journey(r.Context(), id)
	if err != nil {
		return err
	}
	if len(events) == 0 || !who.Sees(events[0].Line) {
		return refuse(http.StatusNotFound, "no_call_known")
	}
	j := journeyPage{Call: event.FoldCall(events)}
	shown := p.page(r, nil)
	for _, e := range events {
		if d, ok := e.Data.(event.Verified); ok && d.Name != "" {
			j.Name = d.Name
		}
		j.Events = append(j.Events, journeyEvent{
			At: e.Time, Text: shown.tell(e), Seconds: e.Time.Sub(events[0].Time).Seconds(),
		})
	}
	shown.Data = j
	return p.write(w, r, http.StatusOK, "call", shown)
}

// tell says what an event means.
func (p page) tell(e event.Event) string {
	step := func(s string) string { return p.Word(words.Steps, s) }
	reason := func(r event.Reason) string { return p.Word(words.Reasons, r) }
	switch d := e.Data.(type) {
	case event.CallStarted:
		if d.Continues != "" {
			return p.T("tell_came_back")
		}
		if d.CallerWithheld || d.CallerLast4 == "" {
			return p.T("tell_started_withheld")
		}
		return p.T("tell_started", d.CallerLast4)
	case event.StepStarted:
		return p.T("tell_step_started", step(d.Step))
	case event.StepFinished:
		text := p.T("tell_step_"+string(d.Result), step(d.Step))
		if d.Reason != "" && d.Reason != event.ReasonOK {
			text += ": " + reason(d.Reason)
		}
		if n := len(d.Attempts); n > 1 {
			text += ", " + p.T("tell_attempts", n)
		}
		return text
	case event.Identified:
		return p.T("tell_identified", d.Customer, step(string(d.Method)))
	case event.Verified:
		return p.T("tell_verified", d.Customer, d.Level)
	case event.Failed:
		return p.T("tell_failed", reason(d.Reason))
	case event.Routed:
		return p.T("tell_routed", d.Destination)
	case event.CallEnded:
		return p.T("tell_ended_" + string(d.End))
	case event.CodeSent:
		return p.T("tell_code_sent")
	case event.Locked:
		return p.T("tell_locked")
	case event.StepUpRequested:
		return p.T("tell_step_up")
	case event.AgentOffered:
		return p.T("tell_offered", d.Agent)
	case event.AgentConnected:
		return p.T("tell_connected", d.Agent, d.WaitedMilliseconds/1000)
	case event.AgentMissed:
		return p.T("tell_missed", d.Agent)
	case event.AgentDone:
		if d.Agent == "" {
			return p.T("tell_gave_up")
		}
		return p.T("tell_done", d.Agent, d.TalkedMilliseconds/1000)
	}
	return strings.ReplaceAll(string(e.Fact()), "_", " ")
}

// query reads a report's query from the address.
func (p *Pages) query(r *http.Request, name string) (reports.Query, error) {
	who, _ := access.From(r.Context())
	values := r.URL.Query()
	query := reports.Query{Language: language(who, r), Quiet: true, By: values["by"], Compare: values.Get("compare") != ""}
	now := p.Now()
	word := reports.PeriodWord(periodName(values))
	if values.Get("from") != "" || values.Get("to") != "" {
		period, err := reports.ParsePeriod(values.Get("from"), values.Get("to"), time.Local, now)
		if err != nil {
			return query, refuse(http.StatusBadRequest, "bad_period")
		}
		query.Period = period
	} else {
		query.Period = word.Period(time.Local, now)
	}
	switch line := values.Get("line"); {
	case line != "" && !who.Sees(line):
		return query, refuse(http.StatusForbidden, "not_your_line")
	case line != "":
		query.Lines = []string{line}
	default:
		query.Lines = who.Lines
	}
	if name == "calls" {
		query.Calls = reports.Filter{
			Status: values.Get("status"), Reason: values.Get("reason"), Customer: values.Get("customer"),
			CallerLast4: values.Get("caller"), IdentifiedBy: values.Get("identified_by"), FailedStep: values.Get("step"),
			Failed: values.Get("failed") != "", StepUps: values.Get("step_ups") != "",
		}
	}
	return query, nil
}

// periodName is the period in an address; today if it names none that exists.
func periodName(values url.Values) string {
	for _, word := range reports.PeriodWords() {
		if values.Get("period") == string(word) {
			return string(word)
		}
	}
	return string(reports.Today)
}
