package staff

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"countersign/internal/timezones"
	"countersign/reports"
	"countersign/reports/words"
	"countersign/session/event"
	"countersign/web/access"
	"countersign/web/asset"
)

//go:embed pages
var pages embed.FS

// templates are the pages, each with the layout.
var templates = parse()

func parse() map[string]*template.Template {
	functions := template.FuncMap{"asset": asset.URL, "query": url.QueryEscape, "segment": url.PathEscape, "dict": dict,
		"groupKey": groupKey, "groupHelp": groupHelp}
	base := template.Must(template.New("").Funcs(functions).ParseFS(pages, "pages/layout.html", "pages/parts.html",
		"pages/report_parts.html", "pages/board_parts.html", "pages/line_parts.html"))
	all := map[string]*template.Template{}
	files, err := pages.ReadDir("pages")
	if err != nil {
		panic(err) // embedded
	}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".html")
		if name == "layout" || strings.HasSuffix(name, "parts") {
			continue
		}
		all[name] = template.Must(template.Must(base.Clone()).ParseFS(pages, path.Join("pages", f.Name())))
	}
	return all
}

// dict makes a map of names and values, for a template with several.
func dict(pairs ...any) (map[string]any, error) {
	all := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("%v is no name", pairs[i])
		}
		all[name] = pairs[i+1]
	}
	return all, nil
}

// page is what templates see.
type page struct {
	// Who is signed in; the zero Who if nobody is.
	Who      access.Who
	SignedIn bool
	Language words.Language
	Path     string
	Now      time.Time
	// Problem is an error for the person; Data is the page's own.
	Problem string
	Data    any
	// CallsBack: customers are called back here.
	CallsBack bool
	// SendsAlerts: customers are asked to talk here.
	SendsAlerts bool
	// Tour is the step of the tour through a demo that the page is, or nil.
	Tour *tourStep
}

// T is a text of the screens in the page's language.
func (p page) T(key string, args ...any) string { return text(p.Language, key, args...) }

// Word is the word of a code, and Explain what it means.
func (p page) Word(vocabulary, code any) string {
	return p.Language.Word(words.Vocabulary(fmt.Sprint(vocabulary)), fmt.Sprint(code))
}

// Explain is what a code means.
func (p page) Explain(vocabulary, code any) string {
	return p.Language.Explain(words.Vocabulary(fmt.Sprint(vocabulary)), fmt.Sprint(code))
}

// Has says whether the person has a role.
func (p page) Has(role access.Role) bool { return p.Who.Has(role) }

// Statuses are what an agent can see of a call.
func (p page) Statuses() []event.Status {
	return []event.Status{event.StatusVerified, event.StatusIdentified, event.StatusNone}
}

// Periods are those that have a name.
func (p page) Periods() []reports.PeriodWord { return reports.PeriodWords() }

// Roles are all roles.
func (p page) Roles() []access.Role { return access.Roles() }

// Is marks the entry of the menu that the page belongs to.
func (p page) Is(prefix string) bool {
	return p.Path == prefix || strings.HasPrefix(p.Path, prefix+"/")
}

// Clock is a time of the day; ISO the same for programs.
func (p page) Clock(t time.Time) string { return t.Local().Format("15:04:05") }

// HourMinute is a time of the day without seconds.
func (p page) HourMinute(t time.Time) string { return t.Local().Format("15:04") }

// ISO is a time for programs.
func (p page) ISO(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Date is a day and a time.
func (p page) Date(t time.Time) string {
	if p.Language == words.German {
		return t.Local().Format("02.01.2006 15:04")
	}
	return t.Local().Format("2006-01-02 15:04")
}

// Since is how long ago something was, in minutes and seconds.
func (p page) Since(t time.Time) string { return p.Length(p.Now.Sub(t).Milliseconds()) }

// Length is a time in minutes and seconds.
func (p page) Length(milliseconds int64) string {
	s := max(0, milliseconds) / 1000
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// Window is a time from one moment to another, in a time zone or in this machine's.
func (p page) Window(from, to time.Time, tz string) string {
	zone, name := time.Local, ""
	if z, err := timezones.Load(tz); err == nil {
		zone, name = z, " "+tz
	}
	day := "2006-01-02 15:04"
	if p.Language == words.German {
		day = "02.01.2006 15:04"
	}
	return from.In(zone).Format(day) + "–" + to.In(zone).Format("15:04") + name
}

// With is the page with other data, for a template inside.
func (p page) With(data any) page {
	p.Data = data
	return p
}

// language is that of the person, else the first that their browser asks for and we have.
func language(who access.Who, r *http.Request) words.Language {
	if l, err := words.Parse(who.Language); err == nil && who.Language != "" {
		return l
	}
	for _, wanted := range strings.Split(r.Header.Get("Accept-Language"), ",") {
		wanted, _, _ = strings.Cut(strings.TrimSpace(wanted), ";")
		if l, err := words.Parse(wanted); err == nil && wanted != "" {
			return l
		}
	}
	return words.English
}

// page makes the page of a request.
func (p *Pages) page(r *http.Request, data any) page {
	who, ok := access.From(r.Context())
	return page{
		Who: who, SignedIn: ok, Language: language(who, r), Path: r.URL.Path, Now: p.Now(), Data: data,
		Tour: p.tourOf(r), CallsBack: p.Callbacks != nil, SendsAlerts: p.Alerts != nil,
	}
}

// isPart says whether a script wants only the fresh part of a page.
func isPart(r *http.Request) bool { return r.Header.Get("X-Part") != "" }

// contentPolicy lets pages load what is ours alone, and run no code in them. At its end is who may frame them.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; " +
	"require-trusted-types-for 'script'; trusted-types countersign; frame-ancestors "

// show writes a page, or the part of it that changes.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, name string, data any) error {
	return p.write(w, r, http.StatusOK, name, p.page(r, data))
}

func (p *Pages) write(w http.ResponseWriter, r *http.Request, status int, name string, shown page) error {
	block := "layout"
	if isPart(r) {
		block = "part"
	}
	body, err := rendered(name, block, shown)
	if err != nil {
		return err
	}
	p.send(w, r, status, shown.Language, body)
	return nil
}

// rendered is a block of a page.
func rendered(name, block string, shown page) ([]byte, error) {
	var out bytes.Buffer
	if err := templates[name].ExecuteTemplate(&out, block, shown); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	return out.Bytes(), nil
}

func (p *Pages) send(w http.ResponseWriter, r *http.Request, status int, l words.Language, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentPolicy+p.frameAncestors(r))
	h.Set("Content-Language", string(l))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// handler answers, or returns an error.
type handler func(http.ResponseWriter, *http.Request) error

// refusal is an error that a person can mend, with the key of its text.
type refusal struct {
	status int
	text   string
	args   []any
}

func (e *refusal) Error() string { return e.text }

func refuse(status int, text string, args ...any) error { return &refusal{status, text, args} }

func (p *Pages) handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		var refused *refusal
		switch {
		case err == nil:
		case errors.As(err, &refused):
			p.failed(w, r, refused.status, refused.text, refused.args...)
		default:
			p.Log.Error("screen not shown", "route", r.Pattern, "err", err)
			p.failed(w, r, http.StatusInternalServerError, "internal_error")
		}
	})
}

// failed writes a page that says what went wrong.
func (p *Pages) failed(w http.ResponseWriter, r *http.Request, status int, key string, args ...any) {
	shown := p.page(r, nil)
	shown.Problem = shown.T(key, args...)
	if err := p.write(w, r, status, "problem", shown); err != nil {
		p.Log.Error("screen not shown", "route", r.Pattern, "err", err)
		http.Error(w, http.StatusText(status), status)
	}
}

// reasonText is why a call went where it went, in words, or "".
func (p page) reasonText(r event.Reason) string { return p.Explain(words.Reasons, r) }

// next is the address to go on with after signing in, for a query.
func next(u *url.URL) string { return url.QueryEscape(u.RequestURI()) }

// nextOf is the address to go on with. Only addresses of ours are: anything else, and whatever a browser could take for
// another host, is none.
func nextOf(r *http.Request, otherwise string) string {
	to := r.FormValue("next")
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") ||
		strings.ContainsAny(to, "\\\r\n\t") || to == "/" || strings.HasPrefix(to, "/sign-in") {
		return otherwise
	}
	return to
}
