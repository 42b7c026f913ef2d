package staff

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"countersign/reports"
	"countersign/reports/words"
	"countersign/session/event"
	"countersign/web/access"
)

// journeyPage is one call, step by step.
type journeyPage struct {
	event.Call
	Name   string
	Events []journeyEvent
	// Milliseconds is from the first event to the last.
	Milliseconds int64
	Steps        []journeyStep
	// First is the address of the call that this one came back from; Earlier and Later are calls of the same customer.
	FirstURL       string
	Earlier, Later []otherCall
	// WhatIf is the address to try a line on the call, or "".
	WhatIf string
}

type journeyEvent struct {
	At   time.Time
	Text string
	// Milliseconds and Seconds are the time since the call began.
	Milliseconds int64
	Seconds      float64
}

// journeyStep is a step as a bar: X and W of 1000.
type journeyStep struct {
	event.CallStep
	X, W    float64
	Seconds float64
}

// otherCall is another call of the same customer.
type otherCall struct {
	At            time.Time
	Line, URL     string
	Status        string
	Reason, Steps string
}

// callURL is the address of a call's journey.
func callURL(id string) string {
	if id == "" {
		return ""
	}
	return "/calls/" + url.PathEscape(id)
}

func (p *Pages) call(w http.ResponseWriter, r *http.Request) error {
	events, err := p.journeyOf(r)
	if err != nil {
		return err
	}
	j := journeyPage{Call: event.FoldCall(events)}
	shown := p.page(r, nil)
	began := events[0].Time
	for _, e := range events {
		if d, ok := e.Data.(event.Verified); ok && d.Name != "" {
			j.Name = d.Name
		}
		after := e.Time.Sub(began)
		j.Events = append(j.Events, journeyEvent{
			At: e.Time, Text: shown.tell(e), Milliseconds: after.Milliseconds(), Seconds: after.Seconds(),
		})
		j.Milliseconds = max(j.Milliseconds, after.Milliseconds())
	}
	j.Steps = stepBars(j.Call, p.Now())
	if j.First != j.ID {
		j.FirstURL = callURL(j.First)
	}
	if p.WhatIf != nil {
		j.WhatIf = callURL(j.ID) + "/what-if"
	}
	if err := p.others(r.Context(), shown, &j); err != nil {
		p.Log.Warn("other calls of the customer not shown", "call", j.ID, "err", err)
	}
	shown.Data = j
	return p.write(w, r, http.StatusOK, "call", shown)
}

// journeyOf reads the events of the call in the address, if the person sees its line.
func (p *Pages) journeyOf(r *http.Request) ([]event.Event, error) {
	who, _ := access.From(r.Context())
	if p.Journey == nil {
		return nil, refuse(http.StatusServiceUnavailable, "not_here")
	}
	events, err := p.Journey(r.Context(), r.PathValue("call"))
	if err != nil {
		return nil, err
	}
	if len(events) == 0 || !who.Sees(events[0].Line) {
		return nil, refuse(http.StatusNotFound, "no_call_known")
	}
	return events, nil
}

const stepWidth = 1000.0

// stepBars are the steps on the time of our part of the call.
func stepBars(c event.Call, now time.Time) (all []journeyStep) {
	end := c.Ended
	if end.IsZero() {
		end = now
	}
	ms := func(t time.Time) float64 { return float64(t.Sub(c.Started).Milliseconds()) }
	whole := max(ms(end), 1)
	for _, s := range c.Steps {
		lasted := float64(s.Milliseconds)
		if !s.Finished {
			lasted = float64(end.Sub(s.Started).Milliseconds())
		}
		x := min(max(0, ms(s.Started)/whole*stepWidth), stepWidth)
		all = append(all, journeyStep{
			CallStep: s, X: rounded(x), W: rounded(min(max(4, lasted/whole*stepWidth), max(4, stepWidth-x))),
			Seconds: rounded(lasted / 1000),
		})
	}
	return all
}

// Bounds of the other calls that a journey shows.
const (
	othersWithin = 90 * 24 * time.Hour
	othersShown  = 10
	othersRead   = 200
)

// others finds the earlier and later calls of the same customer on the lines that the person sees.
func (p *Pages) others(ctx context.Context, shown page, j *journeyPage) error {
	if j.Customer == "" || j.Customer == event.ErasedCustomer {
		return nil
	}
	query := reports.Query{
		Period: reports.Period{From: j.Started.Add(-othersWithin).Local(), To: p.Now().Add(time.Minute).Local()},
		Lines:  shown.Who.Lines, Quiet: true, Language: shown.Language, Limit: othersRead,
		Calls: reports.Filter{Customer: j.Customer},
	}
	err := p.read(ctx, "calls", query, func(made *reports.Report) error {
		rows, err := made.Collect(othersRead)
		for _, row := range rows { // latest first
			o, id := otherOf(shown, made, row)
			switch {
			case id == j.ID:
			case o.At.Before(j.Started) && len(j.Earlier) < othersShown:
				j.Earlier = append(j.Earlier, o)
			case !o.At.Before(j.Started):
				j.Later = append(j.Later, o)
			}
		}
		return err
	})
	if n := len(j.Later); n > othersShown { // the next ones
		j.Later = j.Later[n-othersShown:]
	}
	if errors.Is(err, ErrNoReports) {
		return nil
	}
	return err
}

func otherOf(shown page, made *reports.Report, row reports.Row) (o otherCall, id string) {
	for i, c := range made.Columns {
		text, _ := row[i].(string)
		switch c.Key {
		case "started":
			o.At, _ = row[i].(time.Time)
		case "line":
			o.Line = text
		case "status":
			o.Status = text
		case "reason":
			if o.Reason = shown.Word(words.Reasons, text); text == string(event.ReasonOK) {
				o.Reason = ""
			}
		case "call":
			id, o.URL = text, callURL(text)
		}
	}
	return o, id
}
