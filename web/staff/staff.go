// Package staff serves the screens for staff: HTML pages made on the server, in English and German, and the stream that
// keeps them fresh. Who may see a page is the rule of its route; what the page shows of a call depends on the person.
package staff

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"countersign/callback"
	"countersign/reports"
	"countersign/session"
	"countersign/session/event"
	"countersign/store/audit"
	"countersign/web/access"
	"countersign/web/apidoc"
	"countersign/web/apikeys"
	"countersign/web/asset"
	"countersign/web/live"
	"countersign/web/overrides"
	"countersign/web/people"
	"countersign/web/walls"
)

// Options are what the screens need. Pages that need a nil part say that this machine does not have it.
type Options struct {
	// Book is everybody who may sign in, Sessions where they are.
	Book     *people.Book
	Sessions *people.Sessions
	// Live are the calls of now and of the last hour.
	Live *live.Calls
	// Lines names the service lines.
	Lines func() []string
	// StepUps asks callers for more proof.
	StepUps StepUps
	// Allows is what a line's own words let agents do for a caller at a level, by language; nil if it has none.
	Allows func(line string, level int) map[string]string
	// Journey reads all events of a call, in order; none if the call is unknown.
	Journey func(ctx context.Context, call string) ([]event.Event, error)
	// Reports are the reports.
	Reports Reports
	// Keys are the keys of the API that can be changed here, SettingsKeys those that cannot.
	Keys         *apikeys.Book
	SettingsKeys func() []SettingsKey
	// Benefits are what the settings say about costs; Schedules are the scheduled reports of this machine.
	Benefits  func() reports.Assumptions
	Schedules Schedules
	// Webhooks are the systems that are told over HTTP.
	Webhooks Webhooks
	// Provider is the company's identity provider.
	Provider Provider
	// Passkeys are sign-ins by passkey; nil where browsers have none, such as at an address of numbers.
	Passkeys *people.Passkeys
	// Settings are those of the service.
	Settings Settings
	// Overrides are the settings that change on the screens; nil: none do.
	Overrides overrides.Settings
	// LineSettings are what lines are changed with.
	LineSettings *LineSettings
	// Callbacks are those of customers; nil where nobody is called back.
	Callbacks *Callbacks
	// Alerts ask customers to talk; nil where none can be sent.
	Alerts *callback.Alerts
	// WhatIf tries lines on recorded calls.
	WhatIf *WhatIf
	// Walls are the screens on walls that show the board.
	Walls *walls.Book
	// Embed are the origins of pages that may have an agent's screen in a frame, and Frames the sessions of such frames.
	Embed  []string
	Frames *people.Frames
	// API is the description of the API, in OpenAPI 3.1.
	API []byte
	// Audit writes down what somebody did.
	Audit func(ctx context.Context, e audit.Entry) error
	// Demo lets visitors in without a password; nil everywhere but in a demo.
	Demo *Demo
	// URL is the address under which browsers reach us, without a slash at its end.
	URL string
	Log *slog.Logger
	Now func() time.Time
}

// StepUps asks callers in mid-call for a higher level, as for the API.
type StepUps interface {
	StepUp(ctx context.Context, call string, level session.Level) error
}

// Pages are the screens.
type Pages struct {
	Options
	tries  people.Tries
	trends trends
	kept   keptParts
	// described is the API, read when somebody looks at it first.
	described func() (apidoc.Page, error)
	locks     locks
	alive     time.Duration
	// begins bounds how many sign-ins begin that nobody may ever finish, beginsKnown those in known browsers.
	begins, beginsKnown *rate.Limiter
}

// New makes the screens.
func New(o Options) *Pages {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SettingsKeys == nil {
		o.SettingsKeys = func() []SettingsKey { return nil }
	}
	if o.Benefits == nil {
		o.Benefits = func() reports.Assumptions { return reports.Assumptions{} }
	}
	return &Pages{
		Options: o, described: sync.OnceValues(func() (apidoc.Page, error) { return apidoc.Read(o.API) }),
		alive: aliveEvery, begins: newBegins(), beginsKnown: newBegins(),
	}
}

// Routes are the addresses of the screens.
func (p *Pages) Routes() []access.Route {
	public := func(method, path string, h handler) access.Route {
		return access.Route{Method: method, Path: path, Rule: access.Public(), Page: true, Handler: p.handle(h)}
	}
	staff := func(method, path string, h handler, roles ...access.Role) access.Route {
		rule := access.Anybody()
		if len(roles) > 0 {
			rule = access.Staff(roles...)
		}
		return access.Route{Method: method, Path: path, Rule: rule, Handler: p.handle(h)}
	}
	slowly := func(within time.Duration, route access.Route) access.Route {
		route.Within = within
		return route
	}
	script := func(method, path string, rule access.Rule, h handler) access.Route {
		return access.Route{Method: method, Path: path, Rule: rule, Page: rule.IsPublic(), Handler: p.handleScript(h)}
	}
	watching := []access.Role{access.Supervisor, access.Business, access.Admin}
	persons := []access.Role{access.Supervisor, access.Admin}
	business := []access.Role{access.Business, access.Admin}
	return append(append(p.demoRoutes(), p.frameRoutes()...), []access.Route{
		{Method: "GET", Path: asset.Prefix + "{file}", Rule: access.Public(), Handler: http.HandlerFunc(asset.Serve)},
		public("GET", "/{$}", p.home),
		public("GET", "/api", p.api),
		public("GET", "/sign-in", p.signInForm),
		public("POST", "/sign-in", p.signIn),
		public("GET", "/sign-in/oidc", p.beginAtProvider),
		public("GET", "/sign-in/oidc/callback", p.finishAtProvider),
		script("POST", "/sign-in/passkey/begin", access.Public(), p.beginPasskey),
		script("POST", "/sign-in/passkey", access.Public(), p.finishPasskey),
		public("GET", "/join/{invitation}", p.joinForm),
		public("POST", "/join/{invitation}", p.join),

		staff("POST", "/sign-out", p.signOut),
		staff("GET", "/me", p.me),
		staff("POST", "/me/language", p.setLanguage),
		staff("POST", "/me/password", p.setPassword),
		staff("POST", "/me/sign-out", p.signOutEverywhere),
		script("POST", "/me/passkeys/begin", access.Anybody(), p.beginAddPasskey),
		script("POST", "/me/passkeys", access.Anybody(), p.addPasskey),
		staff("POST", "/me/passkeys/{passkey}/remove", p.removePasskey),
		{Method: "GET", Path: "/stream", Rule: access.Anybody(), Stream: true, Handler: p.handle(p.stream)},

		staff("GET", "/desk", p.desk, access.Agent),
		staff("POST", "/desk/seen", p.seen, access.Agent),
		staff("POST", "/desk/calls/{call}/step-up", p.stepUp, access.Agent),
		staff("GET", "/desk/calls/{call}/callback", p.bookCallbackForm, access.Agent),
		staff("POST", "/desk/calls/{call}/callback", p.bookCallback, access.Agent),
		staff("POST", "/desk/callbacks/{callback}/take", p.takeCallback, access.Agent),
		staff("POST", "/desk/callbacks/{callback}/say", p.sayCallback, access.Agent),

		staff("GET", "/board", p.board, watching...),
		staff("GET", "/board/hour", p.boardHour, watching...),
		staff("POST", "/board/walls", p.pairWall, persons...),
		staff("POST", "/board/walls/{wall}/revoke", p.revokeWall, persons...),
		public("GET", "/wall", p.wall),
		staff("GET", "/callbacks", p.callbacks, persons...),
		staff("POST", "/callbacks/{callback}", p.changeCallback, persons...),
		staff("GET", "/alerts", p.alerts, persons...),
		slowly(orderWithin, staff("POST", "/alerts", p.orderAlerts, persons...)),
		staff("GET", "/calls", p.calls, persons...),
		staff("GET", "/calls/{call}", p.call, persons...),
		staff("GET", "/what-if", p.whatIfListForm, persons...),
		slowly(triedWithin, staff("POST", "/what-if", p.whatIfListTry, persons...)),
		staff("GET", "/calls/{call}/what-if", p.whatIfCallForm, persons...),
		slowly(triedWithin, staff("POST", "/calls/{call}/what-if", p.whatIfCallTry, persons...)),
		staff("GET", "/reports", p.reports, watching...),
		staff("GET", "/reports/{name}", p.report, watching...),
		staff("GET", "/schedules", p.schedules, watching...),
		staff("POST", "/schedules", p.saveSchedule, watching...),
		staff("POST", "/schedules/{schedule}/remove", p.removeSchedule, watching...),
		slowly(runWithin, staff("POST", "/schedules/{schedule}/run", p.runSchedule, access.Admin)),

		staff("GET", "/lines", p.lineList, business...),
		staff("GET", "/lines/{line}", p.lineForm, business...),
		staff("POST", "/lines/{line}", p.saveLine, business...),
		staff("GET", "/lines/{line}/text", p.lineText, business...),
		staff("POST", "/lines/{line}/text", p.saveLineText, business...),
		slowly(triedWithin, staff("GET", "/lines/{line}/publish", p.publishForm, business...)),
		slowly(triedWithin, staff("POST", "/lines/{line}/publish", p.publish, business...)),
		staff("GET", "/lines/{line}/try", p.lineTry, business...),
		staff("POST", "/lines/{line}/try", p.tryLine, business...),
		staff("GET", "/lines/{line}/prompts", p.linePrompts, business...),
		staff("GET", "/lines/{line}/prompts/{language}/{prompt}/sound", p.promptSound, business...),
		slowly(runWithin, staff("POST", "/lines/{line}/prompts/{language}/{prompt}", p.changePrompt, business...)),
		staff("POST", "/lines/{line}/discard", p.discardDraft, business...),
		staff("POST", "/lines/{line}/rebase", p.rebase, business...),
		staff("GET", "/lines/{line}/history", p.lineHistory, business...),
		staff("POST", "/lines/{line}/return", p.returnLine, business...),
		staff("GET", "/lines/{line}/start", p.lineStart, business...),
		staff("POST", "/lines/{line}/start", p.changeStart, business...),

		staff("GET", "/people", p.people, access.Admin),
		staff("POST", "/people", p.addPerson, access.Admin),
		staff("GET", "/people/{id}", p.person, access.Admin),
		staff("POST", "/people/{id}", p.changePerson, access.Admin),
		staff("POST", "/people/{id}/invite", p.invite, access.Admin),
		staff("POST", "/people/{id}/sign-out", p.signOutPerson, access.Admin),
		staff("POST", "/people/{id}/remove-passkeys", p.removePasskeys, access.Admin),

		staff("GET", "/settings", p.settings, business...),
		staff("POST", "/settings", p.saveSettings, business...),
		slowly(runWithin, staff("POST", "/settings/reload", p.reload, access.Admin)),

		staff("GET", "/webhooks", p.webhooks, access.Admin),
		slowly(webhookWithin, staff("POST", "/webhooks/{webhook}/test", p.testWebhook, access.Admin)),
		staff("POST", "/webhooks/{webhook}/retry", p.retryWebhook, access.Admin),

		staff("GET", "/keys", p.keys, access.Admin),
		staff("POST", "/keys", p.addKey, access.Admin),
		staff("GET", "/keys/{key}", p.key, access.Admin),
		staff("POST", "/keys/{key}", p.changeKey, access.Admin),
		staff("POST", "/keys/{key}/rotate", p.rotateKey, access.Admin),
		staff("POST", "/keys/{key}/revoke", p.revokeKey, access.Admin),
	}...)
}

// Load implements web.Staff.
func (p *Pages) Load(next http.Handler) http.Handler {
	return p.Sessions.Load(next, func(w http.ResponseWriter, r *http.Request, err error) {
		p.broken("session not read", err)
		p.Refuse(w, r, http.StatusServiceUnavailable)
	})
}

// Who implements web.Staff.
func (p *Pages) Who(r *http.Request) (access.Who, bool, error) { return p.Sessions.Who(r.Context()) }

// Refuse implements web.Staff.
func (p *Pages) Refuse(w http.ResponseWriter, r *http.Request, status int) {
	byScript := isPart(r) || isFramed(r) || r.URL.Path == "/stream"
	if status == http.StatusUnauthorized && r.Method == http.MethodGet && !byScript {
		http.Redirect(w, r, "/sign-in?next="+next(r.URL), http.StatusSeeOther)
		return
	}
	text := map[int]string{
		http.StatusUnauthorized:       "signed_out",
		http.StatusForbidden:          "not_allowed",
		http.StatusServiceUnavailable: "state_unavailable",
	}[status]
	if isFramed(r) && !isPart(r) {
		_ = answerJSON(w, status, map[string]string{"problem": p.page(r, nil).T(text)})
		return
	}
	p.failed(w, r, status, text)
}

// home takes people to the screen that they need most.
func (p *Pages) home(w http.ResponseWriter, r *http.Request) error {
	who, ok := access.From(r.Context())
	to := "/sign-in"
	if ok {
		to = homeOf(who)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func homeOf(who access.Who) string {
	switch {
	case who.Has(access.Agent):
		return "/desk"
	case who.Has(access.Supervisor), who.Has(access.Business):
		return "/board"
	case who.Has(access.Admin):
		return "/people"
	}
	return "/me"
}
