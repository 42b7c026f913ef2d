// Package backend asks the company's own CRM over HTTP who a caller is and whether an answer is right. The requests
// and how to read the answers are configuration; nothing here knows a particular CRM. Package endpoint makes the
// requests, package sms sends text messages.
//
// It never guesses: a failed request or an ambiguous answer is an error that wraps endpoint.ErrUnavailable, never a
// customer and never a right or wrong answer.
package backend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"countersign/backend/endpoint"
	"countersign/internal/retry"
	"countersign/session"
)

// Local is the directory for operations that the backend is not configured for.
type Local interface {
	ByPhone(ctx context.Context, e164 string) ([]session.Customer, error)
	ByIdentifier(ctx context.Context, kind, value string) (c session.Customer, found bool, err error)
	ByKeypad(ctx context.Context, kind, keys string) ([]session.Customer, error)
	ByID(ctx context.Context, id string) (c session.Customer, found bool, err error)
	Check(ctx context.Context, customer, kind string, answer session.Secret) (ok bool, err error)
	CheckTOTP(ctx context.Context, customer string, code session.Secret, at time.Time) (step int64, ok bool, err error)
	Phones(ctx context.Context, customer string) ([]session.Phone, error)
	Emails(ctx context.Context, customer string) ([]session.Email, error)
	AddPhone(ctx context.Context, customer, e164 string) error
}

// Directory finds and checks customers in the company's backend: configured operations go there, all others to Local.
// It is safe for use by several goroutines. Its errors wrap endpoint.ErrUnavailable, except those of Local and those
// of an ended context, which wrap its cause.
type Directory struct {
	Endpoint *endpoint.Endpoint
	local    Local
	region   string
	always   []string // kinds of secrets of customers that are found locally

	byPhone, byIdentifier, byID *lookup
	checks                      map[string]*check
	phones                      *phones
	addPhone                    *add
}

type lookup struct {
	request     *endpoint.Prepared
	path, found string
	unknown     []int    // statuses that mean nobody
	texts       []string // of their pages that are not JSON
	fields      Fields
}

const (
	// usualCheck is taken for the time of a check before there was one.
	usualCheck = 200 * time.Millisecond
	// longestUsual bounds it, so that one slow answer keeps nobody waiting.
	longestUsual = 500 * time.Millisecond
)

type check struct {
	request *endpoint.Prepared
	verdict endpoint.Judge
	took    atomic.Int64 // nanoseconds, smoothed
}

type phones struct {
	Phones
	request *endpoint.Prepared
	unknown []int
	since   since
}

type add struct {
	request *endpoint.Prepared
	verdict endpoint.Judge
}

// anyKind is the check for every kind without one of its own.
const anyKind = "*"

// errNotConfigured is AddPhone's error when a number stored locally would never be found.
var errNotConfigured = fmt.Errorf("backend.add_phone is not configured, and backend.by_phone would not find "+
	"a number that is stored locally: %w", errors.ErrUnsupported)

// New checks the settings and tries every template with sample values; it does not connect. The error names
// everything that is wrong, with the names of settings below "backend". Close the Directory.
func New(s Settings, local Local, o endpoint.Options) (*Directory, error) {
	o = o.Defaults()
	s = s.defaults()
	d := &Directory{local: local, region: s.Region, always: s.Customer.Always}
	errs := s.check()
	if local == nil {
		errs = append(errs, errors.New("there is no local directory to fall back to"))
	}
	var err error
	if d.Endpoint, err = endpoint.New(s.URL, s.Headers, s.TLS, o); err != nil {
		errs = append(errs, err)
	}
	d.Endpoint.Timeout, d.Endpoint.Cap, d.Endpoint.MaxResponse = s.Timeout, s.Cap, s.MaxResponse
	d.Endpoint.BreakWhen(s.Breaker, o.Log)
	errs = append(errs, d.compile(s)...)
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("backend: %w", err)
	}
	if d.byID == nil && (d.byPhone != nil || d.byIdentifier != nil) {
		o.Log.Warn("backend.by_id is not configured: its customers are identified anew when a call comes back, " +
			"at a step-up and with a token, unless the local directory knows them too")
	}
	return d, nil
}

// Close closes idle connections. No method may be called after it.
func (d *Directory) Close() { d.Endpoint.Close() }

// Reach requests the backend's base URL. Any answer but a 5xx succeeds: it proves that names, certificates and the
// network are right, not that a key is.
func (d *Directory) Reach(ctx context.Context) error {
	r, err := endpoint.Request{}.Compile(endpoint.May{}, endpoint.Values{})
	if err != nil {
		return err
	}
	r.Shape = endpoint.Anything
	return d.Endpoint.Do(ctx, "reach", r, endpoint.Values{}, func(*endpoint.Reply) error { return nil })
}

// ByPhone implements steps.Directory. A customer whose record could not be read, among others that could, is in the
// result without an id, so that the number does not look like that of one customer.
func (d *Directory) ByPhone(ctx context.Context, e164 string) ([]session.Customer, error) {
	if e164 == "" {
		return nil, nil
	}
	if d.byPhone != nil {
		return d.ask(ctx, "by_phone", d.byPhone, endpoint.Values{Phone: e164})
	}
	return d.allHere(d.local.ByPhone(ctx, e164))
}

// allHere adds to customers found locally what the backend checks.
func (d *Directory) allHere(all []session.Customer, err error) ([]session.Customer, error) {
	for i := range all {
		all[i].Enrolled = d.enrolled(d.always, all[i].Enrolled)
	}
	return all, err
}

// ByKeypad implements steps.Directory. The backend gets the keys as by_identifier's {{.Value}}, and may answer with
// several customers, one of them without an id as in ByPhone.
func (d *Directory) ByKeypad(ctx context.Context, kind, keys string) ([]session.Customer, error) {
	switch {
	case keys == "":
		return nil, nil
	case d.byIdentifier != nil:
		return d.ask(ctx, "by_identifier", d.byIdentifier, endpoint.Values{Kind: kind, Value: keys})
	}
	return d.allHere(d.local.ByKeypad(ctx, kind, keys))
}

// ByIdentifier implements steps.Directory.
func (d *Directory) ByIdentifier(ctx context.Context, kind, value string) (c session.Customer, found bool, err error) {
	if value == "" {
		return session.Customer{}, false, nil
	}
	if d.byIdentifier != nil {
		return d.askOne(ctx, "by_identifier", d.byIdentifier, endpoint.Values{Kind: kind, Value: value})
	}
	c, found, err = d.local.ByIdentifier(ctx, kind, value)
	if found {
		c.Enrolled = d.enrolled(d.always, c.Enrolled)
	}
	return c, found, err
}

// ByID implements steps.Directory.
func (d *Directory) ByID(ctx context.Context, id string) (c session.Customer, found bool, err error) {
	if id == "" {
		return session.Customer{}, false, nil
	}
	if d.byID != nil {
		return d.askOne(ctx, "by_id", d.byID, endpoint.Values{Customer: id})
	}
	c, found, err = d.local.ByID(ctx, id)
	if found {
		c.Enrolled = d.enrolled(d.always, c.Enrolled)
	}
	return c, found, err
}

func (d *Directory) askOne(ctx context.Context, operation string, l *lookup,
	v endpoint.Values) (c session.Customer, found bool, err error) {
	all, err := d.ask(ctx, operation, l, v)
	failed := func(what string) error {
		return &endpoint.Failure{Operation: operation, Host: d.Endpoint.Host, What: what}
	}
	switch {
	case err != nil || len(all) == 0:
		return session.Customer{}, false, err
	case len(all) > 1:
		return session.Customer{}, false, failed("the answer has several customers")
	case operation == "by_id" && all[0].ID != v.Customer:
		return session.Customer{}, false, failed("the answer is about another customer")
	}
	return all[0], true, nil
}

// ask returns the customers in an answer, and one without an id for all that could not be read: with somebody left out,
// one customer must not look like the only one.
func (d *Directory) ask(ctx context.Context, operation string, l *lookup,
	v endpoint.Values) (all []session.Customer, err error) {
	var f found
	err = d.Endpoint.Do(ctx, operation, l.request, v, func(r *endpoint.Reply) (err error) {
		switch {
		case slices.Contains(l.unknown, r.Status):
			return r.IsNo(l.texts)
		case r.Status != http.StatusOK:
			return endpoint.Unexpected(r.Status)
		}
		f, err = l.read(r.Body)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.leftOut(operation, f.leftOut)
	all = f.customers
	for i := range all {
		here, _, err := d.local.ByID(ctx, all[i].ID)
		if err != nil {
			return nil, err
		}
		all[i].Enrolled = d.enrolled(all[i].Enrolled, here.Enrolled)
	}
	if f.unread > 0 {
		all = append(all, session.Customer{})
	}
	return all, nil
}

func (d *Directory) leftOut(operation string, n notes) {
	if len(n) > 0 {
		d.Endpoint.LeftOut(operation, strings.Join(n, "; "))
	}
}

// enrolled returns the kinds of secrets that a customer can be asked for: those of the backend that it checks itself,
// and the local ones of the rest.
func (d *Directory) enrolled(there, here []string) []string {
	var all []string
	for _, kind := range there {
		if d.checkOf(kind) != nil {
			all = append(all, kind)
		}
	}
	for _, kind := range here {
		if d.checkOf(kind) == nil {
			all = append(all, kind)
		}
	}
	return all
}

// kindTOTP is checked together with its time, so always locally.
const kindTOTP = "totp"

// checkOf returns the backend's check for a kind, or nil if it has none.
func (d *Directory) checkOf(kind string) *check {
	if kind == kindTOTP {
		return nil
	}
	if c := d.checks[kind]; c != nil {
		return c
	}
	return d.checks[anyKind]
}

// Check implements steps.Directory. The backend is not asked about nobody, but Check takes as long as usual.
func (d *Directory) Check(ctx context.Context, customer, kind string, answer session.Secret) (ok bool, err error) {
	c := d.checkOf(kind)
	if c == nil {
		return d.local.Check(ctx, customer, kind, answer)
	}
	if answer.Len() == 0 {
		return false, nil
	}
	if customer == "" {
		return false, retry.Pause(ctx, c.usual())
	}
	began := time.Now()
	v := endpoint.Values{Customer: customer, Kind: kind}
	v.Answer = new(endpoint.Secrets).Hide(answer.Reveal())
	err = d.Endpoint.Do(ctx, "check."+kind, c.request, v, func(r *endpoint.Reply) (err error) {
		ok, err = c.verdict.Read(r)
		return err
	})
	if err == nil {
		c.note(time.Since(began))
	}
	return ok && err == nil, err
}

// note takes the time of one check into account.
func (c *check) note(took time.Duration) {
	took = min(took, longestUsual)
	if before := c.usual(); c.took.Load() != 0 {
		took = before + (took-before)/4
	}
	c.took.Store(int64(took))
}

// usual is how long a check takes.
func (c *check) usual() time.Duration { return cmp.Or(time.Duration(c.took.Load()), usualCheck) }

// CheckTOTP implements steps.Directory, always locally, where used codes are remembered.
func (d *Directory) CheckTOTP(ctx context.Context, customer string, code session.Secret,
	at time.Time) (step int64, ok bool, err error) {
	return d.local.CheckTOTP(ctx, customer, code, at)
}

// Phones implements steps.Directory.
func (d *Directory) Phones(ctx context.Context, customer string) (all []session.Phone, err error) {
	if d.phones == nil {
		return d.local.Phones(ctx, customer)
	}
	if customer == "" {
		return nil, nil
	}
	v := endpoint.Values{Customer: customer}
	var left notes
	err = d.Endpoint.Do(ctx, "phones", d.phones.request, v, func(r *endpoint.Reply) (err error) {
		switch {
		case slices.Contains(d.phones.unknown, r.Status):
			return r.IsNo(d.phones.NoText)
		case r.Status != http.StatusOK:
			return endpoint.Unexpected(r.Status)
		}
		all, left, err = d.phones.numbers(r.Body, d.region)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.leftOut("phones", left)
	return all, nil
}

// Emails implements steps.Directory.
func (d *Directory) Emails(ctx context.Context, customer string) (all []session.Email, err error) {
	if d.byID == nil || d.byID.fields.Email == "" {
		return d.local.Emails(ctx, customer)
	}
	if customer == "" {
		return nil, nil
	}
	var left notes
	v := endpoint.Values{Customer: customer}
	err = d.Endpoint.Do(ctx, "by_id", d.byID.request, v, func(r *endpoint.Reply) (err error) {
		switch {
		case slices.Contains(d.byID.unknown, r.Status):
			return r.IsNo(d.byID.texts)
		case r.Status != http.StatusOK:
			return endpoint.Unexpected(r.Status)
		}
		all, left, err = d.byID.emails(r.Body, customer)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.leftOut("by_id", left)
	return all, nil
}

// AddPhone implements steps.Directory. If by_phone is configured and add_phone is not, its error wraps
// errors.ErrUnsupported.
func (d *Directory) AddPhone(ctx context.Context, customer, e164 string) error {
	switch {
	case d.addPhone == nil && d.byPhone != nil:
		return errNotConfigured
	case d.addPhone == nil:
		return d.local.AddPhone(ctx, customer, e164)
	}
	v := endpoint.Values{Customer: customer, Phone: e164}
	return d.Endpoint.Do(ctx, "add_phone", d.addPhone.request, v, func(r *endpoint.Reply) error {
		yes, err := d.addPhone.verdict.Read(r)
		if err == nil && !yes {
			return errors.New("the backend refused it")
		}
		return err
	})
}
