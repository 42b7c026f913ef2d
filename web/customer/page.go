package customer

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"countersign/callback"
	"countersign/internal/timezones"
	"countersign/session"
	"countersign/session/applink"
	"countersign/session/shared"
	"countersign/session/token"
	"countersign/web/access"
	"countersign/web/asset"
)

// PageOptions are what the customers' page needs. A section whose part is nil is not on the page.
type PageOptions struct {
	// Store keeps links, visits and passkeys, for all machines together.
	Store shared.Store
	// Links are those that open the page.
	Links *Links
	// URL is the address under which browsers reach us, without a slash at its end; Brand the company's name.
	URL, Brand string
	// Zone is the time zone of what the page shows. Default: this machine's.
	Zone *time.Location
	// Tokens redeems ID&V tokens (token.Issuer).
	Tokens Tokens
	// Find finds a customer: one who is gone has no page.
	Find func(ctx context.Context, id string) (c session.Customer, found bool, err error)
	// Known is the result of a call (session.Calls); nil: no call lets anybody enrol a passkey.
	Known func(ctx context.Context, call string) (k session.Known, ok bool, err error)
	// Proofs are the questions of calls, and Alarm is told when a customer says that they are not calling.
	Proofs *applink.Book
	Alarm  func(ctx context.Context, q applink.Question)
	// Passkeys are customers' passkeys.
	Passkeys *Passkeys
	// Calls are a customer's own calls.
	Calls Calls
	// Callbacks are the customers'; CallbackLine is the line whose agents call back, and which offers something to those who
	// are not on the line; Region that of numbers without a country.
	Callbacks    Callbacks
	CallbackLine func() string
	Region       func() string
	// Choices are what a line offers on the page, Next takes a call to one of them, and Issue makes an ID&V token of a visit.
	Choices func(line string) []session.PageChoice
	Next    func(ctx context.Context, call string, to session.Destination) error
	Issue   func(ctx context.Context, proven session.Proven) (string, error)
	// Alerts are what the company wants to talk about with them; they need Callbacks.
	Alerts Alerts
	// OnLine is a customer's own call to the company, now.
	OnLine func(customer string) (OnLine, bool)
	// Impostor is told that somebody called a customer in the company's name.
	Impostor func(ctx context.Context, customer string) error
	// Records are what is on record about a customer.
	Records Records
	// Audit writes down what a customer did.
	Audit func(ctx context.Context, customer, action, detail string) error
	Log   *slog.Logger
	Now   func() time.Time
}

// Tokens redeems ID&V tokens.
type Tokens interface {
	Use(ctx context.Context, raw session.Secret, line string) (token.Content, error)
}

// Page is the customers' page. Any goroutine may use it.
type Page struct {
	PageOptions
	visits   *Visits
	failures *limit // by address
	openings *limit // by link
	begins   *limit // by customer
	reports  *limit // by customer
	bookings *limit // by customer
	sections []section
}

// section is a part of the page: a template of its own, below pages/my, and what it shows to a visitor. ok is false if it
// is not there for this one. byAlert: it is there for a visitor who came by an alert's link, too.
type section struct {
	name    string
	show    func(r *http.Request, v Visit) (data any, ok bool, err error)
	byAlert bool
}

// Bounds of the page (docs/policy.md#customers-page).
const (
	mostFailures, failuresEvery = 20, time.Minute
	mostOpenings, openingsEvery = 10, time.Minute
	mostBegins, beginsEvery     = 20, time.Hour
	mostBookings, bookingsEvery = 20, time.Hour
)

// NewPage makes the page.
func NewPage(o PageOptions) *Page {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Audit == nil {
		o.Audit = func(context.Context, string, string, string) error { return nil }
	}
	if o.Alarm == nil {
		o.Alarm = func(context.Context, applink.Question) {}
	}
	p := &Page{
		PageOptions: o,
		visits:      &Visits{store: o.Store, secure: strings.HasPrefix(o.URL, "https://"), now: o.Now},
		failures:    newLimit(mostFailures, failuresEvery),
		openings:    newLimit(mostOpenings, openingsEvery),
		begins:      newLimit(mostBegins, beginsEvery),
		reports:     newLimit(mostReports, reportsEvery),
		bookings:    newLimit(mostBookings, bookingsEvery),
	}
	p.sections = []section{
		{"proof", p.proofSection, false}, {"alerts", p.alertsSection, true}, {"calling", p.callingSection, true},
		{"choices", p.choicesSection, false},
		{"callbacks", p.callbacksSection, true}, {"proven", p.provenSection, false}, {"calls", p.callsSection, false},
		{"passkeys", p.passkeysSection, false}, {"alerts_off", p.alertsOffSection, true}, {"data", p.dataSection, false},
	}
	return p
}

// Routes are the addresses of the page. Customers' begin with /my; /me is staff's.
func (p *Page) Routes() []access.Route {
	route := func(method, path string, h http.Handler) access.Route {
		return access.Route{Method: method, Path: path, Rule: access.Public(), Handler: h}
	}
	own := http.NewCrossOriginProtection() // nothing that another site makes a browser send passes
	own.SetDenyHandler(p.handle(func(http.ResponseWriter, *http.Request) error {
		return refuse(http.StatusForbidden, "other_site")
	}))
	type handler func(http.ResponseWriter, *http.Request, Visit) error
	anyVisitor := func(method, path string, h handler) access.Route {
		return route(method, path, own.Handler(p.handle(func(w http.ResponseWriter, r *http.Request) error {
			visit, err := p.visit(r)
			if err != nil {
				return err
			}
			return h(w, r, visit)
		})))
	}
	// visitor is one who came by more than an alert's link.
	visitor := func(method, path string, h handler) access.Route {
		return anyVisitor(method, path, func(w http.ResponseWriter, r *http.Request, v Visit) error {
			if v.Purpose == ForAlert {
				return refuse(http.StatusForbidden, "prove_more")
			}
			return h(w, r, v)
		})
	}
	return []access.Route{
		route("GET", linkPath+"{link}", p.handle(p.openLink)),
		route("GET", "/my/open", p.handle(p.openForm)),
		route("POST", "/my/open", own.Handler(p.handle(p.open))),
		route("POST", "/my/token", p.handle(p.openByToken)), // from the company's own page
		anyVisitor("GET", "/my", p.show),
		anyVisitor("POST", "/my/sign-out", p.signOut),
		anyVisitor("GET", "/my/calling", p.calling),
		visitor("POST", "/my/choices", p.choose),
		anyVisitor("POST", "/my/impostor", p.report),
		anyVisitor("POST", "/my/callbacks", p.book),
		anyVisitor("POST", "/my/callbacks/{callback}", p.changeCallback),
		anyVisitor("GET", "/my/callbacks/{callback}/calendar", p.calendar),
		anyVisitor("POST", "/my/alerts", p.optOut),
		anyVisitor("POST", "/my/alerts/{alert}", p.answerAlert),
		visitor("POST", "/my/proof/digits", p.proofDigits),
		visitor("POST", "/my/proof/confirm", p.proofConfirm),
		visitor("POST", "/my/proof/deny", p.proofDeny),
		visitor("POST", "/my/proof/passkey/begin", p.proofPasskeyBegin),
		visitor("POST", "/my/proof/passkey", p.proofPasskey),
		visitor("POST", "/my/passkeys/begin", p.passkeyBegin),
		visitor("POST", "/my/passkeys", p.passkeyAdd),
		visitor("POST", "/my/passkeys/{passkey}/remove", p.passkeyRemove),
		visitor("GET", "/my/data", p.export),
		visitor("GET", "/my/erasure", p.erasureForm),
		visitor("POST", "/my/erasure", p.askErasure),
	}
}

// visit is the visit of a request, of a customer who still exists.
func (p *Page) visit(r *http.Request) (Visit, error) {
	visit, ok, err := p.visits.of(r)
	if err != nil {
		return Visit{}, err
	}
	if !ok {
		return Visit{}, refuse(http.StatusUnauthorized, "signed_out")
	}
	switch _, found, err := p.Find(r.Context(), visit.Customer); {
	case err != nil:
		return Visit{}, fmt.Errorf("look up a customer: %w", err)
	case !found:
		return Visit{}, refuse(http.StatusUnauthorized, "signed_out")
	}
	return visit, nil
}

// show is GET /my.
func (p *Page) show(w http.ResponseWriter, r *http.Request, v Visit) error {
	shown := p.shownTo(r)
	for _, s := range p.sections {
		if v.Purpose == ForAlert && !s.byAlert {
			continue
		}
		data, ok, err := s.show(r, v)
		if err != nil { // the others are still worth something
			p.Log.Error("a section of the customers' page is not shown", "section", s.name, "err", err)
			data, ok, s.name = s.name, true, "unavailable"
		}
		if !ok {
			continue
		}
		body, err := rendered("my/"+s.name, shown.with(data))
		if err != nil {
			return err
		}
		shown.Sections = append(shown.Sections, template.HTML(body)) //nolint:gosec // a template of ours
	}
	return p.write(w, http.StatusOK, "my", shown)
}

// signOut is POST /my/sign-out.
func (p *Page) signOut(w http.ResponseWriter, r *http.Request, v Visit) error {
	if err := p.visits.end(r.Context(), w, v); err != nil {
		return err
	}
	return p.write(w, http.StatusOK, "said", p.shownTo(r).with("signed_out_now"))
}

// shownTo is what templates see.
func (p *Page) shownTo(r *http.Request) shown {
	return shown{Language: languageOf(r), Brand: p.Brand, zone: p.Zone}
}

// shown is what templates see.
type shown struct {
	Language, Brand string
	Sections        []template.HTML
	Data            any

	zone *time.Location
}

func (s shown) with(data any) shown {
	s.Data = data
	return s
}

// With is with, for templates.
func (s shown) With(data any) shown { return s.with(data) }

// T is a text in the page's language.
func (s shown) T(key string, args ...any) (string, error) {
	t, ok := pageTexts[key][s.Language]
	if !ok {
		return "", fmt.Errorf("there is no text %q", key)
	}
	if len(args) == 0 {
		return t, nil
	}
	return fmt.Sprintf(t, args...), nil
}

// Clock is a time of the day, When a day and a time, ISO a time for programs.
func (s shown) Clock(t time.Time) string { return t.In(s.zone).Format("15:04") }

// Seconds is a time of the day to the second.
func (s shown) Seconds(t time.Time) string { return t.In(s.zone).Format("15:04:05") }

// WhenIn is When in a time zone, ClockIn the same of Clock.
func (s shown) WhenIn(t time.Time, tz string) string {
	s.zone = s.in(tz)
	return s.When(t)
}

// ClockIn is Clock in a time zone.
func (s shown) ClockIn(t time.Time, tz string) string {
	s.zone = s.in(tz)
	return s.Clock(t)
}

func (s shown) in(tz string) *time.Location {
	if zone, err := timezones.Load(tz); err == nil {
		return zone
	}
	return s.zone
}

// Day is the day of a time in its own time zone, WindowOf the times of a window in theirs.
func (s shown) Day(t time.Time) string {
	s.zone = t.Location()
	day, _, _ := strings.Cut(s.When(t), ",")
	return day
}

// WindowOf is the times of a window.
func (s shown) WindowOf(w callback.Window) string {
	return w.From.Format("15:04") + "–" + w.To.Format("15:04")
}

// When is a day and a time.
func (s shown) When(t time.Time) string {
	t = t.In(s.zone)
	month, err := s.T(fmt.Sprintf("month_%d", t.Month()))
	if err != nil {
		month = t.Month().String()
	}
	if s.Language == "de" {
		return fmt.Sprintf("%d. %s %d, %s", t.Day(), month, t.Year(), t.Format("15:04"))
	}
	return fmt.Sprintf("%d %s %d, %s", t.Day(), month, t.Year(), t.Format("15:04"))
}

// ISO is a time for programs.
func (s shown) ISO(t time.Time) string { return t.UTC().Format(time.RFC3339) }

//go:embed text.yaml
var textFile []byte

// pageTexts are the texts of the customers' page, by key and language.
var pageTexts = readTexts()

func readTexts() map[string]map[string]string {
	var all map[string]map[string]string
	if err := yaml.UnmarshalWithOptions(textFile, &all, yaml.Strict()); err != nil {
		panic(fmt.Sprintf("text.yaml: %v", err)) // embedded
	}
	return all
}

//go:embed pages/my
var pageFiles embed.FS

// pageTemplates are the page, its sections, and what is said in their place.
var pageTemplates = template.Must(template.New("").Funcs(template.FuncMap{"asset": asset.URL}).
	ParseFS(pageFiles, "pages/my/*.html"))

// contentPolicy lets the page load what is ours alone, and run no code in it. Nobody may frame it.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'; " +
	"trusted-types countersign; frame-ancestors 'none'"

func rendered(name string, data any) ([]byte, error) {
	var out bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&out, name, data); err != nil {
		return nil, fmt.Errorf("customers' page, %s: %w", name, err)
	}
	return out.Bytes(), nil
}

func (p *Page) write(w http.ResponseWriter, status int, name string, s shown) error {
	body, err := rendered(name, s)
	if err != nil {
		return err
	}
	s.headers(w.Header())
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

func (s shown) headers(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Content-Language", s.Language)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}

// refusal is an error that a customer can do something about, with the key of its text.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

func refuse(status int, text string) error { return &refusal{status, text} }

// handle answers errors with a page, or with JSON if a script asks.
func (p *Page) handle(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxAnswer)
		err := h(w, r)
		if err == nil {
			return
		}
		refused := &refusal{http.StatusServiceUnavailable, "unavailable"}
		if !errors.As(err, &refused) {
			p.Log.Error("customers' page not shown", "route", r.Pattern, "err", err)
		}
		s := p.shownTo(r)
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			text, _ := s.T(refused.text)
			_ = answerJSON(w, refused.status, map[string]string{"problem": text})
			return
		}
		if err := p.write(w, refused.status, "said", s.with(refused.text)); err != nil {
			p.Log.Error("customers' page not shown", "route", r.Pattern, "err", err)
			http.Error(w, http.StatusText(refused.status), refused.status)
		}
	})
}

func answerJSON(w http.ResponseWriter, status int, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
	return nil
}
