package staff

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"countersign/lines"
	"countersign/web/access"
	"countersign/web/overrides"
)

// businessSettings are those of the page Settings that change on it.
type businessSettings struct {
	overrides.InForce
	// MayChange: whoever looks sees all lines, which these settings are for.
	MayChange bool
	Texts     []smsText
	Periods   []keptFor
	Lines     []openLine
}

// smsText is the text of a message in a language.
type smsText struct {
	Language, Text, Filed string
	Own                   bool
}

// keptFor is how long something is kept, in days.
type keptFor struct {
	Name                     string
	Days, Filed, Least, Most int
}

// openLine is when a line is open, and what agents may do on it.
type openLine struct {
	Name, Open, TZ string
	Holidays       int
	Allows         []string
}

// business fills in the settings that business users change.
func (p *Pages) business(r *http.Request) (*businessSettings, error) {
	if p.Overrides == nil {
		return nil, nil
	}
	now, err := p.Overrides.Now(r.Context())
	if err != nil {
		p.Log.Warn("settings of the screens not read", "err", err)
		return nil, nil // the file's are there without NATS
	}
	who, _ := access.From(r.Context())
	b := &businessSettings{InForce: now, MayChange: len(who.Lines) == 0}
	b.Lines = p.openLines(r.Context(), who)
	languages := p.languages(r.Context())
	for language := range now.Texts {
		languages = append(languages, language)
	}
	slices.Sort(languages)
	for _, language := range slices.Compact(languages) {
		_, own := now.SMS[language]
		b.Texts = append(b.Texts, smsText{Language: language, Text: now.Texts[language], Filed: now.FiledTexts[language], Own: own})
	}
	in, filed, least, most := now.Periods, now.FiledPeriods, overrides.Least, overrides.Most
	b.Periods = []keptFor{
		{"journal", in.Journal, filed.Journal, least.Journal, most.Journal},
		{"totals", in.Totals, filed.Totals, least.Totals, most.Totals},
		{"audit", in.Audit, filed.Audit, least.Audit, most.Audit},
	}
	return b, nil
}

// openLines are the lines that somebody sees.
func (p *Pages) openLines(ctx context.Context, who access.Who) (open []openLine) {
	if p.LineSettings == nil {
		return nil
	}
	all, err := p.LineSettings.Book.All(ctx)
	if err != nil {
		p.Log.Warn("lines not read", "err", err)
	}
	for _, l := range all {
		def, err := lines.Parse("line", []byte(l.YAML))
		if err != nil || !who.Sees(l.Name) {
			continue
		}
		o := openLine{Name: l.Name}
		if def.Hours != nil {
			o.Open, o.TZ, o.Holidays = def.Hours.Open.Text, def.Hours.TZ, len(def.Hours.Holidays)
		}
		for level := range def.Allows {
			o.Allows = append(o.Allows, level)
		}
		slices.Sort(o.Allows)
		open = append(open, o)
	}
	return open
}

// languages are those of all lines.
func (p *Pages) languages(ctx context.Context) (all []string) {
	if p.LineSettings == nil {
		return nil
	}
	kept, _ := p.LineSettings.Book.All(ctx) // read before
	for _, l := range kept {
		if def, err := lines.Parse("line", []byte(l.YAML)); err == nil {
			for _, language := range def.Languages {
				all = append(all, strings.ToLower(language))
			}
		}
	}
	return all
}

// saveSettings changes the texts of messages, or how long data is kept.
func (p *Pages) saveSettings(w http.ResponseWriter, r *http.Request) error {
	if err := readForm(w, r); err != nil {
		return err
	}
	who, _ := access.From(r.Context())
	switch {
	case p.Overrides == nil:
		return refuse(http.StatusServiceUnavailable, "not_here")
	case len(who.Lines) > 0:
		return refuse(http.StatusForbidden, "settings_all_lines")
	}
	now, err := p.Overrides.Now(r.Context())
	if err != nil {
		return refuse(http.StatusServiceUnavailable, "line_not_written")
	}
	var change func(*overrides.Overrides)
	what := r.PostForm.Get("do")
	switch what {
	case "sms":
		texts := textsOf(r, now)
		what = "texts of messages: " + strings.Join(slices.Sorted(maps.Keys(texts)), ", ")
		change = func(o *overrides.Overrides) { o.SMS = texts }
	case "retention":
		periods, err := retentionOf(r, now)
		if err != nil {
			return err
		}
		what = periods.Detail()
		change = func(o *overrides.Overrides) { o.Retention = periods }
	default:
		return refuse(http.StatusBadRequest, "bad_form")
	}
	return p.changeSettings(w, r, what, change, func(problem string) error {
		return p.showSettings(w, r, http.StatusUnprocessableEntity, settingsPage{Problem: problem})
	}, "/settings?saved=1")
}

// changeSettings makes a change that somebody sent from a form, and goes on, or has it shown with what is wrong.
func (p *Pages) changeSettings(
	w http.ResponseWriter, r *http.Request, what string, change func(*overrides.Overrides), wrong func(problem string) error, to string,
) error {
	who, _ := access.From(r.Context())
	revision, err := strconv.ParseUint(r.PostForm.Get("revision"), 10, 64)
	if err != nil {
		return refuse(http.StatusBadRequest, "bad_form")
	}
	err = p.Overrides.Change(r.Context(), who.ID, what, revision, change)
	var invalid *overrides.InvalidError
	switch {
	case errors.As(err, &invalid):
		return wrong(invalid.Text)
	case errors.Is(err, overrides.ErrConflict):
		return refuse(http.StatusConflict, "settings_conflict")
	case err != nil:
		p.Log.Error("settings not changed", "err", err)
		return refuse(http.StatusServiceUnavailable, "line_not_written")
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// textsOf reads the texts of messages: an empty one is that of the file again.
func textsOf(r *http.Request, now overrides.InForce) (texts map[string]string) {
	texts = map[string]string{}
	for field, values := range r.PostForm {
		language, ok := strings.CutPrefix(field, "sms.")
		text := strings.TrimSpace(strings.Join(values, ""))
		if ok && language != "" && text != "" && text != now.FiledTexts[language] {
			texts[language] = text
		}
	}
	return texts
}

func retentionOf(r *http.Request, now overrides.InForce) (next overrides.Retention, err error) {
	days := func(name string, filed int) (int, error) {
		text := r.PostForm.Get("retention." + name)
		n, err := strconv.Atoi(text)
		switch {
		case text == "" || err == nil && n == filed:
			return 0, nil // as in the file
		case err != nil || n < 1 || n > 36500:
			return 0, refuse(http.StatusBadRequest, "bad_form")
		}
		return n, nil
	}
	var errs [3]error
	next.Journal, errs[0] = days("journal", now.FiledPeriods.Journal)
	next.Totals, errs[1] = days("totals", now.FiledPeriods.Totals)
	next.Audit, errs[2] = days("audit", now.FiledPeriods.Audit)
	for _, err := range errs {
		if err != nil {
			return overrides.Retention{}, err
		}
	}
	return next, nil
}
