package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"countersign/callback"
	"countersign/freeswitch"
	"countersign/lines"
	"countersign/lines/change"
	linedraft "countersign/lines/draft"
	"countersign/lines/whatif"
	"countersign/reports"
	"countersign/reports/reportsdb"
	"countersign/session"
	"countersign/store/audit"
	"countersign/store/sqlite"
	"countersign/web"
	"countersign/web/access"
	"countersign/web/apikeys"
	"countersign/web/live"
	"countersign/web/people"
	"countersign/web/provider"
	"countersign/web/staff"
	"countersign/web/tryout"
	"countersign/web/walls"
)

// addScreens adds the screens for staff to the API.
func (s *service) addScreens(o *web.Options) {
	s.book = people.NewBook(s.state.People(), time.Now)
	s.live = live.New(time.Now)
	made := apikeys.NewBook(s.state.People(), time.Now, func() []string { return s.settings.get().keyNames() })
	screens, schedules := walls.New(s.state.People(), time.Now), scheduledReports{s.settings}
	hooks := shownWebhooks{s.cfg, s.state, s.events}
	note := func(ctx context.Context, e audit.Entry) error { return auditEntry(ctx, s.cfg, e) }
	options := staff.Options{
		Book: s.book, Sessions: people.NewSessions(s.book, s.cfg.webSecure()), Live: s.live, Lines: s.lineNames(),
		StepUps: o.StepUps, Allows: s.allows, Journey: s.journal.Call, Reports: reportsFile{s.cfg.reportsPath()},
		Keys: made, SettingsKeys: s.settingsKeys,
		Walls:    screens,
		Benefits: func() reports.Assumptions { return s.settings.get().Reports.Benefits }, Schedules: schedules,
		API:      web.Description,
		Webhooks: hooks,
		WhatIf:   &staff.WhatIf{Options: s.whatIfOptions, Line: s.lineFile},
		Settings: shownSettings{s.reloads}, Overrides: shownOverrides{s},
		LineSettings: &staff.LineSettings{
			Prompts: s.sounds, Telephones: s.telephones, Tally: s.staged.Of, NeedsTwo: func() bool { return s.settings.get().needsTwo() },
			Book: s.state.Lines(), Drafts: linedraft.NewBook(s.state.People(), time.Now),
			Plan: func() change.Options {
				return change.Options{Region: s.settings.get().Line.Region, Recorded: audio(s.cfg)}
			},
		},
		Audit: note,
		URL:   s.cfg.webURL(s.api.Addr().String()), Log: s.log, Demo: s.cfg.demo,
	}
	if len(s.cfg.Web.Embed.Origins) > 0 {
		options.Embed, options.Frames = s.cfg.Web.Embed.Origins, people.NewFrames(s.book)
		options.Frames.KeyHolds = func(ctx context.Context, name string) (bool, error) {
			if slices.ContainsFunc(s.settingsKeys(), func(k staff.SettingsKey) bool {
				return k.Name == name && slices.Contains(k.Scopes, access.Embed)
			}) {
				return true, nil
			}
			return made.Has(ctx, name, access.Embed)
		}
		o.Frames = options.Frames
	}
	if s.cfg.Web.OIDC.Issuer != "" {
		options.Provider = provider.New(s.cfg.Web.OIDC, options.URL+staff.CallbackPath, time.Now)
	}
	var err error
	if options.Passkeys, err = people.NewPasskeys(s.book, options.URL); err != nil {
		s.log.Info("no passkeys on the screens", "why", err)
	}
	if s.callbacks != nil {
		tell := func(c callback.Callback, what string) { s.callbacks.tell(s, c, what) }
		options.Callbacks = &staff.Callbacks{Book: s.callbacks.book, Dialler: s.callbacks.dialler, Tell: tell}
		if alerts := s.callbacks.alerts; alerts != nil {
			options.Alerts = alerts
			o.Alerts = &web.Alerts{Book: alerts, Lines: options.Lines, Alias: s.companyParts.directory.Alias, Audit: note}
		}
		o.Callbacks = &web.Callbacks{Book: s.callbacks.book, Lines: options.Lines, Tell: tell, Audit: note}
	}
	pages := staff.New(options)
	o.Staff, o.Routes = pages, pages.Routes()
	s.wallboard = s.openWallboard()
	if o.Wallboard = s.wallboard; o.Wallboard != nil {
		o.Routes = append(o.Routes, o.Wallboard.Routes()...)
	}
	if s.pages != nil {
		o.Routes, o.Links = append(o.Routes, s.pages.page().Routes()...), s.pages
	}
	o.LineBook = &web.LineBook{
		Lines: s.state.Lines(), Plan: options.LineSettings.Plan, Tally: s.staged.Of, Audit: note,
		NeedsTwo: options.LineSettings.NeedsTwo, WhatIf: s.whatIfOptions,
	}
	o.Live, o.Benefits = s.live, options.Benefits
	o.Administration = &web.Administration{
		People: s.book, Keys: made, Walls: screens, Schedules: schedules, Webhooks: hooks, Overrides: options.Overrides,
		Invitation: s.invitationURL, Audit: note,
	}
	o.Keys, o.Reports, o.Journey = made, reportsFile{s.cfg.reportsPath()}, s.journal.Call
}

// openTelephones lets staff call drafts of lines.
func (s *service) openTelephones() {
	o := tryout.Options{
		Prompts: s.sounds.catalogue, Region: func() string { return s.settings.get().Line.Region },
		Journal: s.journal, Node: s.cfg.Node, Log: s.log,
	}
	if len(s.cfg.FreeSWITCH) > 0 {
		o.Places = freeswitch.NewTestCalls(freeswitch.TestCallOptions{
			Settings: func() freeswitch.TestCallSettings { return freeswitch.TestCallSettings(s.settings.get().TestCalls) },
			Servers:  s.cfg.eventSockets(), Listen: s.listener.Addr(),
		})
	}
	s.telephones = tryout.New(o)
	s.parts.addQuiet(s.telephones.Close)
}

// settingsKeys are the API keys of the settings.
func (s *service) settingsKeys() (all []staff.SettingsKey) {
	keys, _ := s.settings.get().apiKeys() // checked when they were read
	for _, k := range keys {
		all = append(all, staff.SettingsKey{Name: k.Name, Scopes: k.Scopes})
	}
	return all
}

// allows are the words of the line as it is in force: agents do what is allowed now.
func (s *service) allows(line string, level int) map[string]string {
	for _, e := range s.lines.All() {
		if e.Line.Name == line {
			return e.Line.Allows[session.Level(level)]
		}
	}
	return nil
}

// lineNames are the lines that calls may have: the built-in one takes what no other does.
func (s *service) lineNames() func() []string {
	builtIn, _ := lines.Default()
	return func() []string {
		names := []string{builtIn.Line}
		for _, e := range s.lines.All() {
			names = append(names, e.Line.Name)
		}
		slices.Sort(names)
		return slices.Compact(names)
	}
}

// whatIfOptions are what lines default to.
func (s *service) whatIfOptions() whatif.Options {
	cfg := s.settings.get()
	return whatif.Options{Region: cfg.Line.Region, PopURL: cfg.Line.PopURL}
}

// lineFile is the file of a line that is in force.
func (s *service) lineFile(ctx context.Context, name string) (string, error) {
	all, err := s.state.Lines().All(ctx)
	for _, l := range all {
		if l.Name == name {
			return l.YAML, err
		}
	}
	return "", err
}

// follow keeps the screens up to date until ctx ends.
func (s *service) follow(ctx context.Context) {
	_ = s.awaitNATS(ctx) // at the first start there is no stream for a moment, which is no outage
	if err := s.live.Run(ctx, s.endpoint, s.log); err != nil {
		s.log.Error("screens do not follow the calls", "err", err)
	}
}

// reportsFile reads the reports of a file, which may come into being later.
type reportsFile struct{ path string }

// Read implements staff.Reports.
func (f reportsFile) Read(
	ctx context.Context, name string, q reports.Query, print func(*reports.Report) error,
) error {
	return f.open(ctx, func(r *reports.Reader) error { return r.Read(ctx, name, q, print) })
}

// Trend implements staff.Reports.
func (f reportsFile) Trend(ctx context.Context, q reports.TrendQuery) (t reports.Trend, err error) {
	err = f.open(ctx, func(r *reports.Reader) (err error) { t, err = r.Trend(ctx, q); return err })
	return t, err
}

// Benefits implements staff.Reports.
func (f reportsFile) Benefits(ctx context.Context, q reports.BenefitsQuery) (b reports.Benefits, err error) {
	err = f.open(ctx, func(r *reports.Reader) (err error) { b, err = r.Benefits(ctx, q); return err })
	return b, err
}

// Prices implements staff.Reports.
func (f reportsFile) Prices(
	ctx context.Context, line string, p reports.Period,
) (all map[string]reports.Price, err error) {
	err = f.open(ctx, func(r *reports.Reader) (err error) { all, err = r.Prices(ctx, line, p); return err })
	return all, err
}

func (f reportsFile) open(ctx context.Context, read func(*reports.Reader) error) (err error) {
	kept, err := reportsdb.OpenReadOnly(ctx, f.path)
	if errors.Is(err, sqlite.ErrMissing) {
		return staff.ErrNoReports
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	return read(reports.NewReader(kept.DB(), time.Now))
}

// firstAdmin is who may sign in at first.
const firstAdmin = "admin"

// inviteFirst invites somebody if nobody can sign in yet, and prints the link on a terminal: a log is no place for it.
func (s *service) inviteFirst(ctx context.Context, screen io.Writer) {
	if err := s.state.Ready(ctx); err != nil {
		return
	}
	all, err := s.book.All(ctx)
	if err != nil || len(all) > 0 {
		return
	}
	if !isTerminal(screen) {
		s.log.Info("nobody can sign in to the screens yet, run countersign people add ID --role admin")
		return
	}
	admin := people.Person{ID: firstAdmin, Name: "Administrator", Roles: []access.Role{access.Admin}}
	if _, err := s.book.Add(ctx, admin); err != nil {
		return // another machine was faster, or the next start tries again
	}
	secret, until, err := s.book.Invite(ctx, firstAdmin)
	if err != nil {
		s.log.Error("nobody can sign in to the screens, run countersign people invite "+firstAdmin, "err", err)
		return
	}
	fmt.Fprintf(screen, "Nobody can sign in to the screens yet. This link makes you the administrator, once, until %s:\n  %s\n",
		until.Local().Format(time.DateTime), s.invitationURL(secret))
}

func (s *service) invitationURL(secret string) string {
	return s.cfg.webURL(s.api.Addr().String()) + "/join/" + secret
}
