package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"countersign/bus"
	"countersign/lines"
	"countersign/lines/change"
	"countersign/lines/staged"
	"countersign/lines/whatif"
	"countersign/session/shared"
	"countersign/store/audit"
	"countersign/web/access"
)

// LineBook is the service lines, for programs with the scope lines.
type LineBook struct {
	Lines Lines
	// Plan are the settings that a line is checked with.
	Plan func() change.Options
	// WhatIf are what lines default to when they are tried on recorded calls.
	WhatIf func() whatif.Options
	// NeedsTwo: two persons publish a line, so a program does not.
	NeedsTwo func() bool
	// Tally is what was counted of a version that begins with a share of the calls.
	Tally func(line string) (t staged.Tally, ok bool)
	// Audit writes down what was done.
	Audit func(ctx context.Context, e audit.Entry) error
}

// Lines are the lines with their history, as package bus keeps them.
type Lines interface {
	All(ctx context.Context) ([]shared.LineVersion, error)
	Get(ctx context.Context, name string) (shared.LineVersion, error)
	History(ctx context.Context, name string) ([]shared.LineVersion, error)
	Put(ctx context.Context, name, yaml string, c bus.Change) (shared.LineVersion, error)
}

func (a *api) lineRoutes() (all []access.Route) {
	for _, r := range []struct {
		method, path string
		h            func(http.ResponseWriter, *http.Request, *LineBook) error
		within       time.Duration
	}{
		{"GET", "/v1/lines", a.lines, 0},
		{"GET", "/v1/lines/{line}", a.oneLine, 0},
		{"GET", "/v1/lines/{line}/versions", a.lineVersions, 0},
		{"GET", "/v1/lines/{line}/start", a.lineStart, 0},
		{"POST", "/v1/lines/{line}/check", a.checkLine, 0},
		{"POST", "/v1/lines/{line}/what-if", a.whatIf, triedWithin},
		{"PUT", "/v1/lines/{line}", a.putLine, 0},
		{"POST", "/v1/lines/{line}/share", a.shareLine, 0},
	} {
		all = append(all, access.Route{Method: r.method, Path: r.path, Rule: access.Key(access.Lines), Within: r.within, Handler: handle(
			func(w http.ResponseWriter, req *http.Request) error {
				if a.LineBook == nil {
					return unavailable("This machine has no service lines.", nil)
				}
				return r.h(w, req, a.LineBook)
			},
		)})
	}
	return all
}

// lineVersion is a version of a line as programs see it.
type lineVersion struct {
	Line         string    `json:"line"`
	Version      int       `json:"version"`
	Author       string    `json:"author"`
	Comment      string    `json:"comment,omitempty"`
	At           time.Time `json:"at"`
	Percent      int       `json:"percent,omitempty"`
	RolledBackTo int       `json:"rolled_back_to,omitempty"`
	Removed      bool      `json:"removed,omitempty"`
	Summary      []string  `json:"summary"`
	YAML         string    `json:"yaml,omitempty"`
}

func shownVersion(v shared.LineVersion, withText bool) lineVersion {
	shown := lineVersion{
		Line: v.Name, Version: v.Version, Author: v.Author, Comment: v.Comment, At: v.At, RolledBackTo: v.RolledBackTo,
		Removed: v.Removed, Summary: emptyIfNil(v.Summary),
	}
	if v.Staged != nil {
		shown.Percent = v.Staged.Percent
	}
	if withText {
		shown.YAML = v.YAML
	}
	return shown
}

// lineError is an error of the store of lines, as the client sees it.
func lineError(err error) error {
	var conflict *bus.ConflictError
	switch {
	case errors.Is(err, shared.ErrNotFound):
		return notFound("There is no such line in force.")
	case errors.As(err, &conflict):
		return conflictAt(conflict.Have.Version)
	}
	return unavailable("The lines cannot be reached now: nothing was changed. Try again.", err)
}

func conflictAt(version int) error {
	return conflict("The line is at version " + strconv.Itoa(version) + ": nothing was changed. Look at the difference, and try again.")
}

func (a *api) lines(w http.ResponseWriter, r *http.Request, b *LineBook) error {
	all, err := b.Lines.All(r.Context())
	if err != nil {
		return lineError(err)
	}
	shown := make([]lineVersion, len(all))
	for i, v := range all {
		shown[i] = shownVersion(v, false)
	}
	return answer(w, http.StatusOK, map[string]any{"lines": shown})
}

func (a *api) oneLine(w http.ResponseWriter, r *http.Request, b *LineBook) error {
	v, err := b.Lines.Get(r.Context(), r.PathValue("line"))
	if err != nil {
		return lineError(err)
	}
	return answer(w, http.StatusOK, shownVersion(v, true))
}

func (a *api) lineVersions(w http.ResponseWriter, r *http.Request, b *LineBook) error {
	all, err := b.Lines.History(r.Context(), r.PathValue("line"))
	if err != nil {
		return lineError(err)
	}
	shown := make([]lineVersion, len(all))
	for i, v := range all {
		shown[i] = shownVersion(v, true)
	}
	return answer(w, http.StatusOK, map[string]any{"versions": shown})
}

// lineStart is how a version does that begins with a share of the calls.
func (a *api) lineStart(w http.ResponseWriter, r *http.Request, b *LineBook) error {
	v, err := b.Lines.Get(r.Context(), r.PathValue("line"))
	if err != nil {
		return lineError(err)
	}
	if v.Staged == nil {
		return notFound("All calls take version " + strconv.Itoa(v.Version) + ".")
	}
	t, known := b.Tally(v.Name)
	if !known {
		return unavailable("This machine does not count the calls yet. Try again.", nil)
	}
	return answer(w, http.StatusOK, map[string]any{
		"version": v.Version, "percent": v.Staged.Percent, "before": v.Staged.Before, "since": v.Staged.Since,
		"calls": t, "differences": t.Differences(v.Staged.Bounds),
	})
}

// checkedLine is what a file would change.
type checkedLine struct {
	OK       bool           `json:"ok"`
	Problems lines.Problems `json:"problems"`
	Warnings lines.Problems `json:"warnings"`
	Changes  []string       `json:"changes"`
}

// checked plans what a file changes in the line of a request; have is the line in force, zero if there is none.
func (b *LineBook) checked(r *http.Request, yaml string) (have shared.LineVersion, ch *change.Change, c checkedLine, err error) {
	c = checkedLine{Problems: lines.Problems{}, Warnings: lines.Problems{}, Changes: []string{}}
	name := r.PathValue("line")
	all, err := b.Lines.All(r.Context())
	if err != nil {
		return have, nil, c, lineError(err)
	}
	for _, v := range all {
		if v.Name == name {
			have = v
		}
	}
	def, err := lines.Parse(name, []byte(yaml))
	if err == nil && def.Line != name {
		return have, nil, c, badRequest("The file is of the line " + strconv.Quote(def.Line) + ", and the address of " + strconv.Quote(name) + ".")
	}
	var changes []*change.Change
	if err == nil {
		changes, err = change.Plan(all, []change.File{{Text: []byte(yaml), Def: def}}, b.Plan())
	}
	if errors.As(err, &c.Problems) {
		return have, nil, c, nil
	}
	if err != nil {
		return have, nil, c, err
	}
	ch = changes[0]
	c.OK, c.Warnings, c.Changes = true, ch.Warnings, ch.Changes
	return have, ch, c, nil
}

func (a *api) checkLine(w http.ResponseWriter, r *http.Request, b *LineBook) error {
	var in struct {
		YAML string `json:"yaml"`
	}
	if err := readJSON(w, r, &in, `{"yaml": "format: 1 …"}`); err != nil {
		return err
	}
	_, _, c, err := b.checked(r, in.YAML)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, c)
}

// putLine publishes a line, for all calls or a share of them.
func (a *api) putLine(w http.ResponseWriter, r *http.Request, b *LineBook) error {
	var in struct {
		YAML            string         `json:"yaml"`
		ExpectedVersion *int           `json:"expected_version"`
		Comment         string         `json:"comment"`
		Percent         int            `json:"percent"`
		Bounds          *shared.Bounds `json:"bounds"`
	}
	err := readJSON(w, r, &in, `{"yaml": "format: 1 …", "expected_version": 3, "comment": "why"}, and "percent" for a share`)
	if err != nil {
		return err
	}
	if in.ExpectedVersion == nil || *in.ExpectedVersion < 0 || in.Comment == "" {
		return badRequest(`"expected_version" must be the version that the file was made from, 0 for a new line, and "comment" why.`)
	}
	have, ch, c, err := b.checked(r, in.YAML)
	switch {
	case err != nil:
		return err
	case b.NeedsTwo != nil && b.NeedsTwo():
		return conflict("lines.approval is two: two persons publish a line, on its page. Nothing was changed.")
	case !c.OK:
		return &problem{Status: http.StatusUnprocessableEntity, Detail: "The file has problems: nothing was changed.", Problems: c.Problems}
	case have.Version != *in.ExpectedVersion:
		return conflictAt(have.Version)
	}
	put := bus.Change{Author: actor(r), Comment: in.Comment, ExpectedVersion: have.Version, Summary: ch.Changes}
	if in.Percent != 0 {
		bounds := change.UsualBounds
		if in.Bounds != nil {
			bounds = *in.Bounds
		}
		if put.Staged, err = change.Stage(have, ch, in.Percent, bounds); err != nil {
			return badRequest("It cannot begin with a share: " + err.Error() + ".")
		}
	}
	return a.publish(w, r, b, have, in.YAML, put)
}

// shareLine changes the share of the calls that a version has which began with one.
func (a *api) shareLine(w http.ResponseWriter, r *http.Request, b *LineBook) error {
	var in struct {
		Percent int    `json:"percent"`
		Comment string `json:"comment"`
	}
	if err := readJSON(w, r, &in, `{"percent": 50, "comment": "why"}, 100 for all calls`); err != nil {
		return err
	}
	have, err := b.Lines.Get(r.Context(), r.PathValue("line"))
	if err != nil {
		return lineError(err)
	}
	if have.Staged == nil {
		return conflict("All calls take version " + strconv.Itoa(have.Version) + " already.")
	}
	put := bus.Change{
		Author: actor(r), Comment: in.Comment, ExpectedVersion: have.Version,
		Summary: []string{"share: " + strconv.Itoa(have.Staged.Percent) + "% → " + strconv.Itoa(in.Percent) + "%"},
	}
	if in.Percent != 100 {
		ch := &change.Change{Line: have.Name, Text: have.YAML}
		if put.Staged, err = change.Stage(have, ch, in.Percent, have.Staged.Bounds); err != nil {
			return badRequest("The share cannot be changed: " + err.Error() + ".")
		}
	}
	return a.publish(w, r, b, have, have.YAML, put)
}

func (a *api) publish(
	w http.ResponseWriter, r *http.Request, b *LineBook, have shared.LineVersion, yaml string, put bus.Change,
) error {
	made, err := b.Lines.Put(r.Context(), r.PathValue("line"), yaml, put)
	if err != nil && !errors.Is(err, bus.ErrNotAnnounced) {
		return lineError(err)
	}
	if err != nil {
		a.Log.Warn("a line is in force and its event was not published", "line", made.Name, "err", err)
	}
	e := audit.Entry{
		Actor: actor(r), Action: audit.LineApplied, Object: "line " + made.Name,
		Detail: "version " + strconv.Itoa(have.Version) + " → " + strconv.Itoa(made.Version),
	}
	if err := b.Audit(r.Context(), e); err != nil {
		a.Log.Error("not in the audit log", "action", e.Action, "object", e.Object, "err", err)
	}
	return answer(w, http.StatusOK, shownVersion(made, false))
}
