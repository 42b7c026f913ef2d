package staff

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"countersign/lines"
	"countersign/lines/draft"
	"countersign/lines/edit"
	"countersign/session/shared"
	"countersign/web/access"
)

// linePage is a line that somebody changes, as a form or as text.
type linePage struct {
	InForce shared.LineVersion
	Draft   draft.Draft
	Form    lines.Form
	// Problems are all mistakes; those at fields of the form stand there.
	Problems lines.Problems
	Warnings lines.Problems
	// Changes are the differences from the line in force.
	Changes changes
	// Conflict is the draft that somebody else saved meanwhile, Theirs and Ours how both differ from the line in force.
	Conflict     *draft.Draft
	Theirs, Ours changes
	// Saved: the draft was saved just now.
	Saved  bool
	Prices map[string]*questionPrice
}

// HasDraft says whether there is a draft.
func (l linePage) HasDraft() bool { return l.Draft.Author != "" }

// At is what is wrong at a setting.
func (l linePage) At(path string) []string { return ofPath(l.Problems, path) }

// IsBelow says whether something is wrong at a list's entry or below it.
func (l linePage) IsBelow(path string) bool {
	return slices.ContainsFunc(l.Problems, func(x lines.Problem) bool { return strings.HasPrefix(x.Path, path) })
}

// Elsewhere are the mistakes that stand at no field of the form.
func (l linePage) Elsewhere() (all lines.Problems) {
	at := map[string]bool{}
	for _, g := range l.Form.Groups {
		at[g.Path] = g.Path != ""
		for _, f := range g.Fields {
			at[f.Path] = true
		}
		for _, e := range g.Entries {
			at[e.Path] = true
			for _, f := range e.Fields {
				at[f.Path] = true
			}
		}
	}
	for _, x := range l.Problems {
		if !at[x.Path] {
			all = append(all, x)
		}
	}
	return all
}

// OrderOf is the name under which the order of a list is sent.
func (linePage) OrderOf(list string) string { return edit.OrderOf(list) }

// FieldID is the id of a field in the page.
func (linePage) FieldID(path string) string {
	return "f-" + strings.NewReplacer(".", "-", "[", "-", "]", "").Replace(path)
}

func (p *Pages) lineForm(w http.ResponseWriter, r *http.Request) error {
	return p.showLine(w, r, "line")
}

func (p *Pages) lineText(w http.ResponseWriter, r *http.Request) error {
	return p.showLine(w, r, "line_text")
}

func (p *Pages) showLine(w http.ResponseWriter, r *http.Request, name string) error {
	inForce, d, err := p.theLine(r)
	if err != nil {
		return err
	}
	shown, err := p.linePage(r, inForce, d)
	if err != nil {
		return err
	}
	shown.Saved = r.URL.Query().Get("saved") != ""
	return p.show(w, r, name, shown)
}

// linePage reads a draft.
func (p *Pages) linePage(r *http.Request, inForce shared.LineVersion, d draft.Draft) (l linePage, err error) {
	l = linePage{InForce: inForce, Draft: d}
	if l.Form, err = lines.FormOf([]byte(d.Text)); err != nil {
		if !errors.As(err, &l.Problems) {
			return l, err
		}
		return l, nil // no YAML: only the text can be shown
	}
	plan, problems, err := p.plan(r, inForce, d.Text)
	if err != nil {
		return l, err
	}
	if l.Problems = problems; plan != nil {
		l.Warnings = plan.Warnings
	}
	l.Changes = differences(inForce.YAML, d.Text)
	l.Prices = p.prices(r, inForce.Name)
	return l, nil
}

// saveLine takes the form: what was filled in, and a button that was pressed.
func (p *Pages) saveLine(w http.ResponseWriter, r *http.Request) error {
	inForce, d, err := p.postedDraft(w, r)
	if err != nil {
		return err
	}
	after, wrong, err := edit.Form{Values: r.PostForm}.Apply(d.Text)
	if err != nil {
		return refuse(http.StatusBadRequest, "bad_form")
	}
	if do := r.PostForm.Get("do"); do != "" && len(wrong) == 0 {
		next, err := press(after, do)
		switch {
		case errors.Is(err, edit.ErrLayout):
			wrong = append(wrong, lines.Problem{File: "line", Line: 1, Column: 1, Text: err.Error()})
		case err != nil:
			return refuse(http.StatusBadRequest, "bad_form")
		default:
			after = next
		}
	}
	if len(wrong) > 0 {
		shown, err := p.linePage(r, inForce, d)
		if err != nil {
			return err
		}
		shown.Problems = append(wrong, shown.Problems...)
		return p.write(w, r, http.StatusUnprocessableEntity, "line", p.page(r, shown))
	}
	d.Text = after
	return p.keepDraft(w, r, inForce, d, "line")
}

// saveLineText takes the text.
func (p *Pages) saveLineText(w http.ResponseWriter, r *http.Request) error {
	inForce, d, err := p.postedDraft(w, r)
	if err != nil {
		return err
	}
	return p.keepDraft(w, r, inForce, d, "line_text")
}

// postedDraft is the draft as a form has it.
func (p *Pages) postedDraft(w http.ResponseWriter, r *http.Request) (inForce shared.LineVersion, d draft.Draft, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, 4*maxLine) // a form writes some bytes as three
	if err := r.ParseForm(); err != nil || len(r.PostForm.Get("file")) > lines.MaxSize {
		return inForce, d, refuse(http.StatusBadRequest, "bad_form")
	}
	if inForce, _, err = p.theLine(r); err != nil {
		return inForce, d, err
	}
	who, _ := access.From(r.Context())
	d = draft.Draft{
		Line: inForce.Name, Author: who.ID, Text: strings.ReplaceAll(r.PostForm.Get("file"), "\r\n", "\n"),
	}
	revision, err := strconv.ParseUint(r.PostForm.Get("revision"), 10, 64)
	base, baseErr := strconv.Atoi(r.PostForm.Get("base"))
	if err != nil || baseErr != nil || base < 0 {
		return inForce, d, refuse(http.StatusBadRequest, "bad_form")
	}
	d.Revision, d.Base = revision, base
	return inForce, d, nil
}

// keepDraft saves a draft, and shows both if somebody else was faster.
func (p *Pages) keepDraft(w http.ResponseWriter, r *http.Request, inForce shared.LineVersion, d draft.Draft, name string) error {
	_, err := p.LineSettings.Drafts.Save(r.Context(), d)
	var conflict *draft.ConflictError
	switch {
	case errors.As(err, &conflict):
		return p.showConflict(w, r, inForce, d, conflict.Have)
	case err != nil:
		return p.peopleError(err)
	}
	below := []string{}
	if name == "line_text" {
		below = append(below, "text")
	}
	if r.PostForm.Get("then") == "publish" {
		below = []string{"publish"}
	}
	http.Redirect(w, r, lineURL(d.Line, below...)+"?saved=1"+anchor(r.PostForm.Get("do")), http.StatusSeeOther)
	return nil
}

// anchor is the list that a button was about.
func anchor(do string) string {
	parts := strings.Split(do, ":")
	if len(parts) < 2 {
		return ""
	}
	return "#" + linePage{}.FieldID(parts[1])
}

// showConflict shows what somebody else saved beside what this person wanted to save.
func (p *Pages) showConflict(w http.ResponseWriter, r *http.Request, inForce shared.LineVersion, ours, theirs draft.Draft) error {
	shown := linePage{InForce: inForce, Draft: ours, Conflict: &theirs, Ours: differences(inForce.YAML, ours.Text)}
	if theirs.Text != "" {
		shown.Theirs = differences(inForce.YAML, theirs.Text)
	}
	return p.write(w, r, http.StatusConflict, "line_conflict", p.page(r, shown))
}

// press carries out a button: up:LIST:INDEX, down:LIST:INDEX, remove:LIST:INDEX or add:LIST:KIND.
func press(text, do string) (string, error) {
	parts := strings.Split(do, ":")
	if len(parts) != 3 {
		return "", errors.New("no such button")
	}
	what, list, at := parts[0], parts[1], parts[2]
	if what == "add" {
		form, err := lines.FormOf([]byte(text))
		if err != nil {
			return "", err
		}
		if !slices.ContainsFunc(form.Groups, func(g lines.FormGroup) bool { return g.Path == list && slices.Contains(g.Kinds, at) }) {
			return "", errors.New("no such kind")
		}
		return edit.Add(text, list, at, usualSettings(at))
	}
	i, err := strconv.Atoi(at)
	if err != nil {
		return "", err
	}
	switch what {
	case "up":
		return edit.Move(text, list, i, -1)
	case "down":
		return edit.Move(text, list, i, 1)
	case "remove":
		return edit.Remove(text, list+"["+at+"]")
	}
	return "", errors.New("no such button")
}

// usualSettings are those that an entry cannot do without; people fill in their own.
func usualSettings(kind string) map[string]any {
	switch kind {
	case "number":
		return map[string]any{"name": "account", "digits": edit.Plain("6-10")}
	case "fact":
		return map[string]any{"name": "post_code", "digits": edit.Plain("5")}
	case "passphrase":
		return map[string]any{"engine": "pocketsphinx", "grammar": "countersign-words"}
	}
	return nil
}

// discardDraft takes the draft away.
func (p *Pages) discardDraft(w http.ResponseWriter, r *http.Request) error {
	inForce, d, err := p.postedDraft(w, r)
	if err != nil {
		return err
	}
	err = p.LineSettings.Drafts.Discard(r.Context(), d)
	var conflict *draft.ConflictError
	switch {
	case errors.As(err, &conflict) && conflict.Have.Text != "":
		return p.showConflict(w, r, inForce, d, conflict.Have)
	case err != nil && conflict == nil:
		return p.peopleError(err)
	}
	http.Redirect(w, r, lineURL(inForce.Name), http.StatusSeeOther)
	return nil
}
