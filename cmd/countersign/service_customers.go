package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"countersign/backend/sms"
	"countersign/freeswitch"
	"countersign/reports"
	"countersign/session"
	"countersign/session/applink"
	"countersign/session/event"
	"countersign/session/token"
	"countersign/steps"
	"countersign/store/audit"
	"countersign/web/customer"
	"countersign/web/live"
	"countersign/web/staff"
)

// customerPages are the parts of the customers' page. It implements web.MakesLinks.
type customerPages struct {
	s        *service
	tokens   *token.Issuer
	book     *applink.Book
	links    *customer.Links
	messages *customer.Messages
}

// hasCustomerPage says whether customers have a page of their own.
func (c config) hasCustomerPage() bool { return c.Customers.Page && c.Web.Listen != "" }

// openCustomerPages makes them, if customers have a page.
func (s *service) openCustomerPages(tokens *token.Issuer) {
	if !s.cfg.hasCustomerPage() {
		return
	}
	c := &customerPages{s: s, tokens: tokens, book: applink.New(s.state.Customers(), time.Now)}
	c.links = customer.NewLinks(s.state.Customers(), c.url, time.Now)
	c.messages = &customer.Messages{
		Links: c.links, Brand: s.cfg.Customers.Brand, Tell: c.tell, Sends: s.attempts, Phones: s.company.Phones, Now: time.Now,
		Countries: func() []string { return s.company.get().codes.countries[event.WaySMS] },
	}
	s.pages = c
}

// url is the address of the page's host.
func (c *customerPages) url() string { return c.s.cfg.webURL(c.s.api.Addr().String()) }

// asks lets calls ask customers on their page.
func (c *customerPages) asks() steps.AppLinks {
	return customer.AppLinks{Book: c.book, Messages: c.messages}
}

var errNoGateway = errors.New("no SMS gateway configured: set sms.url")

// tell sends a text through the gateway of the settings in force.
func (c *customerPages) tell(ctx context.Context, to, reference string, text session.Secret) error {
	gateway := c.s.company.get().codes.gateway
	if gateway == nil {
		return errNoGateway
	}
	return gateway.Tell(ctx, to, reference, text)
}

// Make implements web.MakesLinks.
func (c *customerPages) Make(ctx context.Context, to customer.PageLink, within time.Duration) (string, error) {
	return c.links.Make(ctx, to, within)
}

// Send implements web.MakesLinks.
func (c *customerPages) Send(ctx context.Context, to customer.PageLink, language string) error {
	err := c.messages.Send(ctx, to, language)
	if errors.Is(err, sms.ErrNoText) {
		c.s.log.Error("links cannot be sent", "err", err)
	}
	return err
}

// page makes the page.
func (c *customerPages) page() *customer.Page {
	s := c.s
	brand := s.cfg.Customers.Brand
	o := customer.PageOptions{
		Store: s.state.Customers(), Links: c.links, URL: c.url(), Brand: brand, Tokens: c.tokens, Find: s.company.ByID,
		Known: s.state.Calls().Recall, Proofs: c.book, Alarm: c.alarm, Calls: c, Audit: c.audit, Log: s.log, Now: time.Now,
	}
	o.CallbackLine, o.Choices, o.Issue = func() string { return s.settings.get().Callbacks.Line }, c.choices, c.issue
	o.OnLine, o.Impostor = c.onLine, c.impostor
	if len(s.cfg.FreeSWITCH) > 0 {
		o.Next = c.next
	}
	if s.callbacks != nil {
		o.Callbacks, o.Region = s.callbacks.book, func() string { return s.settings.get().Line.Region }
		o.Zone = s.settings.get().Callbacks.windows().Zone
		if s.callbacks.alerts != nil {
			o.Alerts = s.callbacks.alerts
		}
	}
	if brand == "" {
		brand = "Countersign"
	}
	var err error
	if o.Passkeys, err = customer.NewPasskeys(s.state.Customers(), o.URL, brand, time.Now); err != nil {
		s.log.Info("no passkeys on the customers' page", "why", err)
	}
	o.Records = customerRecords{c, o.Passkeys}
	return customer.NewPage(o)
}

// audit writes down what a customer did.
func (c *customerPages) audit(ctx context.Context, id, action, detail string) error {
	return auditEntry(ctx, c.s.cfg, audit.Entry{
		Actor: "the customer", Action: action, Object: c.s.companyParts.directory.Alias(id), Detail: detail,
	})
}

// alarm tells supervisors that a customer says that they are not calling.
func (c *customerPages) alarm(ctx context.Context, q applink.Question) {
	c.s.log.Error("a customer says that they are not calling: somebody else may be on the line in their name",
		"line", q.Line, "call", q.Call)
	now := time.Now().UTC()
	about := fmt.Sprintf("alarm-%s-%s-%s", q.Line, now.Format("200601021504"), q.Call)
	c.s.publishAlarm(ctx, about, now, q.Line, event.Alarm{
		Kind: event.AlarmNotCalling, Seconds: 1, Call: q.Call,
		What: "the call " + q.Call + " says that it is a customer, who says on their page that it is not",
	})
}

// impostor tells supervisors, and whoever of the staff has the customer on the line next, that somebody called them in the
// company's name.
func (c *customerPages) impostor(_ context.Context, id string) error {
	c.s.log.Error("a customer says that somebody called them in the company's name")
	now := time.Now().UTC()
	line := c.s.settings.get().Callbacks.Line
	about := fmt.Sprintf("alarm-%s-%s-impostor-%s", line, now.Format("200601021504"), uuid.NewString()[:8])
	ctx, cancel := context.WithTimeout(context.Background(), proveWithin)
	defer cancel()
	c.s.publishAlarm(ctx, about, now, line, event.Alarm{
		Kind: event.AlarmImpostor, Seconds: 1, Customer: id,
		What: "a customer says that somebody called them in the company's name, and it was nobody of ours",
	})
	return nil
}

// routedWithin is how long a call that was handed on to no agent is looked for in FreeSWITCH: self-service.
const routedWithin = 30 * time.Minute

// onLine is the customer's own call, now.
func (c *customerPages) onLine(id string) (now customer.OnLine, ok bool) {
	for _, call := range c.s.live.Select(func(call live.Call) bool {
		return call.Customer == id && (call.Phase() != live.Over || call.End == event.EndRouted && time.Since(call.Ended) < routedWithin)
	}) {
		now = customer.OnLine{Line: call.Line, Since: call.Started, Call: call.ID, Level: call.Level}
		switch call.Phase() {
		case live.Over: // to self-service, or hung up there: FreeSWITCH knows
			ctx, cancel := context.WithTimeout(context.Background(), proveWithin)
			there, connected, err := freeswitch.Exists(ctx, c.s.cfg.eventSockets(), call.Start.Channel)
			cancel()
			if err != nil || !there {
				continue
			}
			now.Busy = connected
		case live.Waiting:
		default:
			now.Busy = true
		}
		return now, true
	}
	return now, false
}

// choices are what a line offers on the page.
func (c *customerPages) choices(line string) []session.PageChoice {
	for _, e := range c.s.lines.All() {
		if e.Line.Name == line {
			return e.Line.OnPage
		}
	}
	return nil
}

// next takes a call on to another destination.
func (c *customerPages) next(ctx context.Context, call string, to session.Destination) error {
	known, found, err := c.s.state.Calls().Recall(ctx, call)
	if err != nil {
		return err
	}
	if !found {
		return customer.ErrNotMoved
	}
	err = freeswitch.Move(ctx, c.s.cfg.eventSockets(), known.Channel, to)
	if errors.Is(err, freeswitch.ErrConnected) || errors.Is(err, session.ErrUnknownCall) {
		return customer.ErrNotMoved
	}
	return err
}

// issue makes an ID&V token of what a visit has proven.
func (c *customerPages) issue(ctx context.Context, proven session.Proven) (string, error) {
	return c.tokens.Issue(ctx, session.Known{Proven: proven, Line: token.AnyLine, Decided: time.Now()})
}

// Of implements customer.Calls. The reports have the calls of all machines.
func (c *customerPages) Of(ctx context.Context, id string, most int) (all []customer.Call, err error) {
	now := time.Now()
	q := reports.Query{
		Period: reports.Period{From: now.Add(-time.Duration(c.s.cfg.Retention.Journal)), To: now.Add(time.Minute)}, Limit: most,
		Quiet: true, Calls: reports.Filter{Customer: id, Counted: "calls"},
	}
	err = reportsFile{c.s.cfg.reportsPath()}.Read(ctx, "calls", q, func(r *reports.Report) error {
		for row, err := range r.Rows {
			if err != nil {
				return err
			}
			all = append(all, callOf(r.Columns, row))
		}
		return nil
	})
	if errors.Is(err, staff.ErrNoReports) {
		return nil, nil
	}
	return all, err
}

// callOf is a row of the report of calls, as its customer reads it.
func callOf(columns []reports.Column, row reports.Row) (call customer.Call) {
	values := map[string]any{}
	for i, column := range columns {
		values[column.Key] = row[i]
	}
	call.At, _ = values["started"].(time.Time)
	call.Line, _ = values["line"].(string)
	switch {
	case values["status"] == string(event.StatusVerified):
		call.Result = customer.Verified
	case values["reason"] == string(event.ReasonDenied):
		call.Result = customer.NotYou
	case values["outcome"] == string(event.EndAbandoned):
		call.Result = customer.HungUp
	default:
		call.Result = customer.NotVerified
	}
	return call
}

// customerRecords are what is on record about customers.
type customerRecords struct {
	pages    *customerPages
	passkeys *customer.Passkeys
}

// mostCalls bounds the calls in a customer's own data.
const mostCalls = 10_000

// record is all about a customer but for secrets.
type record struct {
	Customer string          `json:"customer"`
	Name     string          `json:"name"`
	Language string          `json:"language"`
	Phones   []string        `json:"phones"`
	Emails   []string        `json:"emails"`
	Secrets  []string        `json:"secrets_on_file"`
	Passkeys []passkeyOn     `json:"passkeys"`
	Calls    []customer.Call `json:"calls"`
}

type passkeyOn struct {
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
}

// Of implements customer.Records.
func (r customerRecords) Of(ctx context.Context, id string) (any, error) {
	directory := r.pages.s.company.get().customers
	c, _, err := directory.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	all := record{
		Customer: id, Name: c.Name, Language: c.Language, Secrets: append([]string{}, c.Enrolled...), Phones: []string{},
		Emails: []string{}, Passkeys: []passkeyOn{},
	}
	phones, err := directory.Phones(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, p := range phones {
		all.Phones = append(all.Phones, p.E164)
	}
	emails, err := directory.Emails(ctx, id)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	for _, e := range emails {
		all.Emails = append(all.Emails, e.Address)
	}
	if r.passkeys != nil {
		keys, err := r.passkeys.Of(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			all.Passkeys = append(all.Passkeys, passkeyOn{k.Created, k.Used})
		}
	}
	calls, err := r.pages.Of(ctx, id, mostCalls)
	all.Calls = append([]customer.Call{}, calls...)
	return all, err
}
