package staff

import (
	"context"
	"errors"
	"net/http"
	"time"

	"countersign/lines"
	"countersign/lines/whatif"
	"countersign/reports"
	"countersign/session/event"
	"countersign/web/access"
)

// WhatIf is what it takes to try a line's file on recorded calls. Nothing is changed by it.
type WhatIf struct {
	// Options are what lines default to.
	Options func() whatif.Options
	// Line is the file of a line as it is in force; "" if there is none.
	Line func(ctx context.Context, name string) (yaml string, err error)
}

// Bounds of a trial.
const (
	triedCalls  = 1000
	triedListed = 50
	triedWithin = 20 * time.Second
	// maxLine is the longest file of a line.
	maxLine = 512 << 10
)

// whatIfPage tries a line on one call, or on a list of calls.
type whatIfPage struct {
	// Action is the address of the form, Back that of the call or the list.
	Action, Back string
	// Line names the line, File is its text.
	Line, File string
	Problems   []lines.Problem
	// One is what became of one call, All of several; nil before the trial.
	One *whatif.Result
	All *triedCallsSummary
}

type triedCallsSummary struct {
	whatif.Summary
	Of     int64 // calls of the list
	Listed []whatif.Result
}

func (p *Pages) whatIfCallForm(w http.ResponseWriter, r *http.Request) error {
	t, _, err := p.whatIfCall(r)
	if err != nil {
		return err
	}
	return p.show(w, r, "what_if", t)
}

// whatIfCall is the page of one call, with the line in force.
func (p *Pages) whatIfCall(r *http.Request) (t whatIfPage, events []event.Event, err error) {
	if p.WhatIf == nil {
		return t, nil, refuse(http.StatusServiceUnavailable, "not_here")
	}
	if events, err = p.journeyOf(r); err != nil {
		return t, nil, err
	}
	t = whatIfPage{Action: r.URL.RequestURI(), Back: callURL(events[0].Call), Line: events[0].Line}
	t.File, err = p.WhatIf.Line(r.Context(), t.Line)
	return t, events, err
}

func (p *Pages) whatIfCallTry(w http.ResponseWriter, r *http.Request) error {
	t, events, err := p.whatIfCall(r)
	if err != nil {
		return err
	}
	def, err := t.read(w, r)
	if err != nil || def == nil {
		return p.wrongLine(w, r, t, err)
	}
	trial, err := whatif.New([]*lines.Definition{def}, p.WhatIf.Options())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), triedWithin)
	defer cancel()
	result := trial.Run(ctx, events)
	t.One = &result
	return p.show(w, r, "what_if", t)
}

// read reads the form. def is nil if the file has problems, which the page then shows.
func (t *whatIfPage) read(w http.ResponseWriter, r *http.Request) (def *lines.Definition, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, 3*maxLine) // a form writes some bytes as three
	if err := r.ParseForm(); err != nil || len(r.PostForm.Get("file")) > maxLine {
		return nil, refuse(http.StatusBadRequest, "bad_form")
	}
	t.File = r.PostForm.Get("file")
	def, err = lines.Parse("line", []byte(t.File))
	if errors.As(err, (*lines.Problems)(&t.Problems)) {
		return nil, nil
	}
	return def, err
}

// wrongLine shows what is wrong with the file.
func (p *Pages) wrongLine(w http.ResponseWriter, r *http.Request, t whatIfPage, err error) error {
	if err != nil {
		return err
	}
	return p.write(w, r, http.StatusUnprocessableEntity, "what_if", p.page(r, t))
}

func (p *Pages) whatIfListForm(w http.ResponseWriter, r *http.Request) error {
	t, _, err := p.whatIfList(r)
	if err != nil {
		return err
	}
	return p.show(w, r, "what_if", t)
}

// whatIfList is the page of a list of calls.
func (p *Pages) whatIfList(r *http.Request) (t whatIfPage, query reports.Query, err error) {
	if p.WhatIf == nil || p.Journey == nil {
		return t, query, refuse(http.StatusServiceUnavailable, "not_here")
	}
	if query, err = p.query(r, "calls"); err != nil {
		return t, query, err
	}
	query.Limit = triedCalls
	t = whatIfPage{Action: r.URL.RequestURI(), Back: with(r, "/calls", "older", "")}
	if len(query.Lines) == 1 {
		t.Line = query.Lines[0]
		t.File, err = p.WhatIf.Line(r.Context(), t.Line)
	}
	return t, query, err
}

func (p *Pages) whatIfListTry(w http.ResponseWriter, r *http.Request) error {
	t, query, err := p.whatIfList(r)
	if err != nil {
		return err
	}
	def, err := t.read(w, r)
	if err != nil || def == nil {
		return p.wrongLine(w, r, t, err)
	}
	if who, _ := access.From(r.Context()); !who.Sees(def.Line) {
		return refuse(http.StatusForbidden, "not_your_line")
	}
	query.Lines, t.Line = []string{def.Line}, def.Line
	ctx, cancel := context.WithTimeout(r.Context(), triedWithin)
	defer cancel()
	t.All, err = p.try(ctx, def, query)
	if err != nil {
		return p.reportError(err)
	}
	return p.show(w, r, "what_if", t)
}

// try runs the calls of a list on a line.
func (p *Pages) try(ctx context.Context, def *lines.Definition, query reports.Query) (*triedCallsSummary, error) {
	all := &triedCallsSummary{}
	of, err := p.tryEach(ctx, def, query, func(result whatif.Result) {
		if all.Add(result); result.Verdict == whatif.Changed && len(all.Listed) < triedListed {
			all.Listed = append(all.Listed, result)
		}
	})
	all.Of = of
	return all, err
}

// tryEach runs the calls of a list on a line, and says how many the list has.
func (p *Pages) tryEach(
	ctx context.Context, def *lines.Definition, query reports.Query, collect func(whatif.Result),
) (of int64, err error) {
	trial, err := whatif.New([]*lines.Definition{def}, p.WhatIf.Options())
	if err != nil {
		return 0, err
	}
	var ids []string
	err = p.read(ctx, "calls", query, func(made *reports.Report) (err error) {
		of = made.Of
		ids, err = made.Texts("call", triedCalls)
		return err
	})
	if err != nil {
		return 0, err
	}
	return of, trial.RunAll(ctx, ids, p.Journey, collect)
}

// CallURL is the address of a call's journey.
func (p page) CallURL(id string) string { return callURL(id) }

// Percent is a part of a whole, rounded.
func (p page) Percent(part, whole int) int {
	if whole == 0 {
		return 0
	}
	return (100*part + whole/2) / whole
}
