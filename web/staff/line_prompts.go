package staff

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"countersign/lines"
	"countersign/lines/draft"
	"countersign/lines/edit"
	"countersign/prompts"
	"countersign/session"
	"countersign/session/shared"
	"countersign/web/access"
)

// Prompts are what callers hear.
type Prompts interface {
	// Sound is the audio of a prompt: that of the line's own words, or of the catalogue if own is nil.
	Sound(language, prompt string, own *session.Replacement) (wav []byte, found bool)
	// Speak has the configured voice speak a text, for Sound to find.
	Speak(ctx context.Context, language, text string) error
	// Keep makes a recording of a sound, for all machines, and returns its name. A *prompts.RecordingError says what is
	// wrong with the sound.
	Keep(ctx context.Context, language string, sound []byte) (name string, err error)
}

// promptsPage is what a line says to callers.
type promptsPage struct {
	linePage
	// Named are the prompts that the line names itself, Others those that its steps can play.
	Named, Others []promptRow
	// Missing are those that have no sound in a language of the line.
	Missing []promptSound
}

// promptRow is a prompt in all languages of the line.
type promptRow struct {
	Name, Doc string
	Sounds    []promptSound
}

// promptSound is a prompt in one language.
type promptSound struct {
	Prompt, Language string
	// Usual is the catalogue's text; Own the line's own words in the draft, Before those in force.
	Usual       string
	Own, Before *session.Replacement
	// Heard: the draft's has a sound.
	Heard bool
}

// Changed says whether the draft has other words than the line in force.
func (s promptSound) Changed() bool {
	return (s.Own == nil) != (s.Before == nil) || s.Own != nil && *s.Own != *s.Before
}

// Text is what is said: the line's own words, or the catalogue's.
func (s promptSound) Text() string {
	switch {
	case s.Own == nil:
		return s.Usual
	case s.Own.File != "":
		return s.Own.File
	}
	return s.Own.Text
}

func (p *Pages) linePrompts(w http.ResponseWriter, r *http.Request) error {
	inForce, d, err := p.theLine(r)
	if err != nil {
		return err
	}
	shown, err := p.promptsPage(r, inForce, d)
	if err != nil {
		return err
	}
	return p.show(w, r, "line_prompts", shown)
}

func (p *Pages) promptsPage(r *http.Request, inForce shared.LineVersion, d draft.Draft) (shown promptsPage, err error) {
	if p.LineSettings.Prompts == nil {
		return shown, refuse(http.StatusServiceUnavailable, "not_here")
	}
	l, err := p.linePage(r, inForce, d)
	if err != nil {
		return shown, err
	}
	shown = promptsPage{linePage: l}
	now, err := lines.Parse("line", []byte(d.Text))
	if err != nil {
		return shown, nil // its mistakes come first
	}
	before, err := lines.Parse("line", []byte(inForce.YAML))
	if err != nil {
		before = now
	}
	named := now.Plays()
	for name := range now.Prompts {
		named = append(named, name)
	}
	slices.Sort(named)
	named = slices.Compact(named)
	for _, name := range named {
		row := p.promptRow(name, now, before)
		for _, s := range row.Sounds {
			if !s.Heard {
				shown.Missing = append(shown.Missing, s)
			}
		}
		shown.Named = append(shown.Named, row)
	}
	for _, one := range prompts.All() {
		if !slices.Contains(named, one.Name) {
			shown.Others = append(shown.Others, p.promptRow(one.Name, now, before))
		}
	}
	return shown, nil
}

func (p *Pages) promptRow(name string, now, before *lines.Definition) promptRow {
	row := promptRow{Name: name, Doc: prompts.DocOf(name)}
	for _, language := range now.Languages {
		s := promptSound{Prompt: name, Language: language, Own: wording(now, name, language), Before: wording(before, name, language)}
		s.Usual, _ = prompts.TextOf(language, name)
		_, s.Heard = p.LineSettings.Prompts.Sound(language, name, s.Own)
		row.Sounds = append(row.Sounds, s)
	}
	return row
}

// wording is the line's own words for a prompt, or nil.
func wording(d *lines.Definition, prompt, language string) *session.Replacement {
	w, ok := d.Prompts[prompt][language]
	if !ok {
		return nil
	}
	return &session.Replacement{Text: w.Text, File: w.File}
}

// promptSound serves what callers hear: of the draft, or of the line in force.
func (p *Pages) promptSound(w http.ResponseWriter, r *http.Request) error {
	inForce, d, err := p.theLine(r)
	if err != nil {
		return err
	}
	if p.LineSettings.Prompts == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	text := d.Text
	if r.URL.Query().Get("of") == "force" {
		text = inForce.YAML
	}
	def, err := lines.Parse("line", []byte(text))
	if err != nil {
		return refuse(http.StatusConflict, "line_problems", 1)
	}
	language, prompt := r.PathValue("language"), r.PathValue("prompt")
	wav, found := p.LineSettings.Prompts.Sound(language, prompt, wording(def, prompt, language))
	if !found {
		return refuse(http.StatusNotFound, "prompt_silent")
	}
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Content-Length", strconv.Itoa(len(wav)))
	_, _ = w.Write(wav)
	return nil
}

// changePrompt gives a prompt other words in the draft: a text, a sound that is uploaded, or the catalogue's again.
func (p *Pages) changePrompt(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, prompts.MaxUpload+64<<10)
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		return refuse(http.StatusRequestEntityTooLarge, "prompt_too_large", prompts.MaxUpload>>20)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	inForce, have, err := p.theLine(r)
	if err != nil {
		return err
	}
	if p.LineSettings.Prompts == nil {
		return refuse(http.StatusServiceUnavailable, "not_here")
	}
	language, prompt := r.PathValue("language"), r.PathValue("prompt")
	next, err := p.reworded(r, have.Text, language, prompt)
	var wrong *prompts.RecordingError
	switch {
	case errors.As(err, &wrong):
		return p.wrongPrompt(w, r, inForce, have, wrong.Error())
	case errors.Is(err, edit.ErrLayout):
		return p.wrongPrompt(w, r, inForce, have, err.Error())
	case err != nil:
		return err
	}
	who, _ := access.From(r.Context())
	ours := draft.Draft{Line: inForce.Name, Base: have.Base, Text: next, Author: who.ID, Revision: have.Revision}
	if r.PostForm.Get("revision") != strconv.FormatUint(have.Revision, 10) {
		return p.showConflict(w, r, inForce, ours, have)
	}
	_, err = p.LineSettings.Drafts.Save(r.Context(), ours)
	var conflict *draft.ConflictError
	switch {
	case errors.As(err, &conflict):
		return p.showConflict(w, r, inForce, ours, conflict.Have)
	case err != nil:
		return p.peopleError(err)
	}
	http.Redirect(w, r, lineURL(inForce.Name, "prompts")+"?saved=1#p-"+prompt+"-"+language, http.StatusSeeOther)
	return nil
}

// wrongPrompt shows the page again with what is wrong.
func (p *Pages) wrongPrompt(w http.ResponseWriter, r *http.Request, inForce shared.LineVersion, d draft.Draft, what string) error {
	shown, err := p.promptsPage(r, inForce, d)
	if err != nil {
		return err
	}
	page := p.page(r, shown)
	page.Problem = page.T("prompt_refused", r.PathValue("prompt"), what)
	return p.write(w, r, http.StatusUnprocessableEntity, "line_prompts", page)
}

// reworded is a line's text with other words for a prompt.
func (p *Pages) reworded(r *http.Request, text, language, prompt string) (string, error) {
	def, err := lines.Parse("line", []byte(text))
	if err != nil || !slices.Contains(def.Languages, language) || prompts.DocOf(prompt) == "" && def.Prompts[prompt] == nil {
		return "", refuse(http.StatusBadRequest, "bad_form")
	}
	path := "prompts." + prompt + "." + language
	switch r.PostForm.Get("do") {
	case "text":
		words := strings.TrimSpace(r.PostForm.Get("text"))
		if err := prompts.CheckReplacement(session.Replacement{Text: words}); err != nil || words == "" {
			return "", refuse(http.StatusUnprocessableEntity, "prompt_refused", prompt, "1–1000")
		}
		if err := p.LineSettings.Prompts.Speak(r.Context(), language, words); err != nil {
			p.Log.Warn("a prompt's new words are not spoken here yet", "prompt", prompt, "language", language, "err", err)
		}
		return edit.Set(text, path, map[string]any{"text": words})
	case "upload":
		file, _, err := r.FormFile("sound") // what its user calls it does not matter
		if err != nil {
			return "", refuse(http.StatusBadRequest, "bad_form")
		}
		defer func() { _ = file.Close() }()
		sound, err := io.ReadAll(file)
		if err != nil {
			return "", err
		}
		name, err := p.LineSettings.Prompts.Keep(r.Context(), language, sound)
		var wrong *prompts.RecordingError
		if err != nil && !errors.As(err, &wrong) {
			p.Log.Error("recording not kept", "line", def.Line, "err", err)
			return "", refuse(http.StatusServiceUnavailable, "line_not_written")
		}
		if err != nil {
			return "", err
		}
		return edit.Set(text, path, map[string]any{"file": name})
	case "usual":
		switch of := def.Prompts[prompt]; { // nothing empty is left
		case len(of) > 1:
			return edit.Remove(text, path)
		case len(def.Prompts) > 1:
			return edit.Remove(text, "prompts."+prompt)
		}
		return edit.Remove(text, "prompts")
	}
	return "", refuse(http.StatusBadRequest, "bad_form")
}
