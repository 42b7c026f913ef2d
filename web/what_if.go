package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"countersign/lines"
	"countersign/lines/whatif"
	"countersign/reports"
)

// Bounds of a trial on recorded calls.
const (
	triedCalls  = 1000
	triedListed = 100
	triedWithin = 20 * time.Second
)

// whatIf tries a file on the last calls of its line.
func (a *api) whatIf(w http.ResponseWriter, r *http.Request, b *LineBook) error {
	var in struct {
		YAML  string `json:"yaml"`
		Limit int    `json:"limit"`
	}
	if err := readJSON(w, r, &in, `{"yaml": "format: 1 …", "limit": 1000}`); err != nil {
		return err
	}
	if in.Limit = cmp.Or(in.Limit, triedCalls); in.Limit < 1 || in.Limit > triedCalls {
		return badRequest("The limit must be a number from 1 to " + strconv.Itoa(triedCalls) + ".")
	}
	name := r.PathValue("line")
	def, err := lines.Parse(name, []byte(in.YAML))
	var problems lines.Problems
	switch {
	case errors.As(err, &problems):
		return &problem{Status: http.StatusUnprocessableEntity, Detail: "The file has problems: nothing was tried.", Problems: problems}
	case err != nil:
		return err
	case def.Line != name:
		return badRequest("The file is of the line " + strconv.Quote(def.Line) + ", and the address of " + strconv.Quote(name) + ".")
	case a.Journey == nil || b.WhatIf == nil:
		return unavailable("This machine keeps no journal.", nil)
	}
	trial, err := whatif.New([]*lines.Definition{def}, b.WhatIf())
	if err != nil {
		return err
	}
	ids, err := a.lastCalls(r.Context(), name, in.Limit)
	if err != nil {
		return err
	}
	var all whatif.Summary
	changed := []whatif.Result{}
	err = trial.RunAll(r.Context(), ids, a.Journey, func(result whatif.Result) {
		if result.Before.Customer = ""; result.After != nil { // whoever publishes lines need not know who called
			result.After.Customer = ""
		}
		if all.Add(result); result.Verdict == whatif.Changed && len(changed) < triedListed {
			changed = append(changed, result)
		}
	})
	if err != nil {
		return unavailable("The journal cannot be read now. Try again.", err)
	}
	all.Changes, all.Doubts = emptyIfNil(all.Changes), emptyIfNil(all.Doubts)
	return answer(w, http.StatusOK, map[string]any{"summary": all, "changed": changed})
}

// lastCalls are the ids of a line's last calls.
func (a *api) lastCalls(ctx context.Context, line string, limit int) (ids []string, err error) {
	now := a.Now()
	q := reports.Query{
		Period: reports.Period{From: now.AddDate(0, 0, -90), To: now.Add(time.Minute)}, Lines: []string{line}, Limit: limit,
	}
	err = a.read(ctx, "calls", q, func(made *reports.Report) (err error) {
		ids, err = made.Texts("call", limit)
		return err
	})
	return ids, err
}
