package staff

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"countersign/bus"
	"countersign/lines"
	"countersign/lines/change"
	"countersign/lines/draft"
	"countersign/lines/staged"
	"countersign/session/shared"
	"countersign/web/access"
)

// LineBook is the service lines with their history, as package bus keeps them.
type LineBook interface {
	All(ctx context.Context) ([]shared.LineVersion, error)
	Get(ctx context.Context, name string) (shared.LineVersion, error)
	History(ctx context.Context, name string) ([]shared.LineVersion, error)
	Put(ctx context.Context, name, yaml string, c bus.Change) (shared.LineVersion, error)
}

// LineSettings are what it takes to change lines in the browser.
type LineSettings struct {
	Book   LineBook
	Drafts *draft.Book
	// Plan are the settings that a line is checked with.
	Plan func() change.Options
	// Prompts are what callers hear, Telephones call a draft.
	Prompts    Prompts
	Telephones Telephones
	// NeedsTwo: somebody publishes who has not changed the draft.
	NeedsTwo func() bool
	// Tally is what was counted of a line's version that begins with a share of the calls; ok is false if it does not.
	Tally func(line string) (t staged.Tally, ok bool)
}

// linesPage lists the lines.
type linesPage struct{ All []lineRow }

type lineRow struct {
	shared.LineVersion
	Numbers []lines.Number
	// Draft is what somebody is changing; nil if nobody is.
	Draft *draft.Draft
}

// lineSettings are what lines are changed with, if this machine has it.
func (p *Pages) lineSettings() (*LineSettings, error) {
	if p.LineSettings == nil {
		return nil, refuse(http.StatusServiceUnavailable, "not_here")
	}
	return p.LineSettings, nil
}

func (p *Pages) lineList(w http.ResponseWriter, r *http.Request) error {
	s, err := p.lineSettings()
	if err != nil {
		return err
	}
	all, err := s.Book.All(r.Context())
	if err != nil {
		return p.peopleError(err)
	}
	drafts, err := s.Drafts.All(r.Context())
	if err != nil {
		return p.peopleError(err)
	}
	who, _ := access.From(r.Context())
	var shown linesPage
	for _, l := range all {
		if !who.Sees(l.Name) {
			continue
		}
		row := lineRow{LineVersion: l}
		if def, err := lines.Parse(l.Name, []byte(l.YAML)); err == nil {
			row.Numbers = def.Numbers
		}
		if d, ok := drafts[l.Name]; ok {
			row.Draft = &d
		}
		shown.All = append(shown.All, row)
	}
	return p.show(w, r, "lines", shown)
}

// lineURL is the address of a line's page, or of one below it.
func lineURL(line string, below ...string) string {
	u := "/lines/" + url.PathEscape(line)
	for _, b := range below {
		u += "/" + b
	}
	return u
}

// LineURL is the address of a line's page.
func (p page) LineURL(line string) string { return lineURL(line) }

// theLine is the line of a page as it is in force, and its draft, whose text is that in force if there is none.
func (p *Pages) theLine(r *http.Request) (inForce shared.LineVersion, d draft.Draft, err error) {
	s, err := p.lineSettings()
	if err != nil {
		return inForce, d, err
	}
	name := r.PathValue("line")
	if who, _ := access.From(r.Context()); !who.Sees(name) {
		return inForce, d, refuse(http.StatusForbidden, "not_your_line")
	}
	inForce, err = s.Book.Get(r.Context(), name)
	switch {
	case errors.Is(err, shared.ErrNotFound):
		return inForce, d, refuse(http.StatusNotFound, "line_unknown")
	case err != nil:
		return inForce, d, p.peopleError(err)
	}
	d, err = s.Drafts.Get(r.Context(), name)
	if errors.Is(err, draft.ErrNone) {
		d.Line, d.Base, d.Text, err = name, inForce.Version, inForce.YAML, nil
	}
	if err != nil {
		return inForce, d, p.peopleError(err)
	}
	return inForce, d, nil
}

// plan is what a draft changes in the line in force. With Problems, the draft cannot be put in force.
func (p *Pages) plan(r *http.Request, inForce shared.LineVersion, text string) (*change.Change, lines.Problems, error) {
	def, err := lines.Parse("line", []byte(text))
	var problems lines.Problems
	if errors.As(err, &problems) {
		return nil, problems, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if def.Line != inForce.Name {
		return nil, lines.Problems{{File: "line", Line: 1, Column: 1, Path: "line", Text: "this is the line " + inForce.Name +
			": its name cannot change"}}, nil
	}
	all, err := p.LineSettings.Book.All(r.Context())
	if err != nil {
		return nil, nil, p.peopleError(err)
	}
	changes, err := change.Plan(all, []change.File{{Text: []byte(text), Def: def}}, p.LineSettings.Plan())
	if errors.As(err, &problems) {
		return nil, problems, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return changes[0], nil, nil
}

// changes are the differences of one text from another.
type changes struct {
	All []lines.Difference
	// Text are the rows that differ, if the settings of either cannot be read.
	Text []textRow
}

func differences(before, after string) changes {
	a, errA := lines.Parse("line", []byte(before))
	b, errB := lines.Parse("line", []byte(after))
	if errA != nil || errB != nil {
		return changes{Text: compareTexts(before, after)}
	}
	return changes{All: lines.Differences(a, b)}
}

// ofPath are the problems at a setting and below it.
func ofPath(all lines.Problems, path string) (texts []string) {
	for _, x := range all {
		if x.Path == path {
			texts = append(texts, x.Text)
		}
	}
	return slices.Compact(texts)
}
