package backend

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nyaruka/phonenumbers"
	"github.com/tidwall/gjson"

	"countersign/backend/endpoint"
)

// check validates everything but the requests.
func (s Settings) check() (errs []error) {
	if s.Timeout < 0 || s.Timeout > s.Cap {
		errs = append(errs, fmt.Errorf("timeout is %s: it must be more than 0 and no more than cap, %s", s.Timeout, s.Cap))
	}
	if s.Cap < 0 || s.Cap > endpoint.MaxCap {
		errs = append(errs, fmt.Errorf("cap is %s: it must be more than 0 and no more than %s: a caller is waiting",
			s.Cap, endpoint.MaxCap))
	}
	if s.MaxResponse < endpoint.LeastMaxResponse || s.MaxResponse > endpoint.MostMaxResponse {
		errs = append(errs, fmt.Errorf("max_response is %d: it must be from %d to %d bytes",
			s.MaxResponse, endpoint.LeastMaxResponse, endpoint.MostMaxResponse))
	}
	if b := s.Breaker; b.Failures < 0 || b.Window < 0 || b.HalfOpen < 0 || b.HalfOpen > time.Hour || b.Window > time.Hour {
		errs = append(errs, errors.New("breaker: its numbers must be more than 0, and its times no more than an hour"))
	}
	if s.Region != "" && !phonenumbers.GetSupportedRegions()[s.Region] {
		errs = append(errs, fmt.Errorf("region is %q: it must be an ISO 3166 code of two capital letters, such as DE",
			s.Region))
	}
	if s.ByPhone == nil && s.ByIdentifier == nil && s.ByID == nil &&
		len(s.Check) == 0 && s.Phones == nil && s.AddPhone == nil {
		errs = append(errs, errors.New("there is a url but nothing to ask: "+
			"configure by_phone, by_identifier, by_id, check, phones or add_phone"))
	}
	if s.ByPhone == nil && s.ByIdentifier == nil && len(s.Check) > 0 && len(s.Customer.Always) == 0 {
		errs = append(errs, errors.New("check: customers who are found locally would never be asked what the backend "+
			"checks: name those kinds in customer.always, or configure by_phone or by_identifier"))
	}
	return errs
}

func (d *Directory) compile(s Settings) (errs []error) {
	report := func(name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	var err error
	report("customer", s.Customer.check())
	d.byPhone, err = s.ByPhone.compile(s.Customer, endpoint.Values{Phone: endpoint.SamplePhone}, "Phone")
	report("by_phone", err)
	d.byIdentifier, err = s.ByIdentifier.compile(s.Customer,
		endpoint.Values{Kind: "account", Value: endpoint.SampleValue}, "Kind", "Value")
	report("by_identifier", err)
	d.byID, err = s.ByID.compile(s.Customer, endpoint.Values{Customer: endpoint.SampleValue}, "Customer")
	report("by_id", err)
	d.checks = map[string]*check{}
	for _, kind := range slices.Sorted(maps.Keys(s.Check)) {
		d.checks[kind], err = s.Check[kind].compile(kind)
		report("check."+kind, err)
	}
	d.phones, err = s.Phones.compile()
	report("phones", err)
	d.addPhone, err = s.AddPhone.compile()
	report("add_phone", err)
	return errs
}

func (l *Lookup) compile(fields Fields, sample endpoint.Values, names ...string) (*lookup, error) {
	if l == nil {
		return nil, nil
	}
	if l.Customer != nil {
		fields = l.Customer.defaults()
	}
	r, err := l.Request.Compile(endpoint.May{Public: names}, sample)
	errs := []error{err, fields.check(), statuses(l.UnknownStatus), endpoint.CheckTexts(l.NoText)}
	for name, path := range map[string]string{"customers": l.Customers, "found": l.Found} {
		if path != "" && endpoint.Something(gjson.Get(`{}`, path)) {
			errs = append(errs, fmt.Errorf("%s: %q finds something in an empty answer", name, path))
		}
	}
	if r.Shape = endpoint.Envelope; l.Customers == "" {
		r.Shape = endpoint.Record
	}
	compiled := &lookup{
		request: r, path: l.Customers, found: l.Found, fields: fields,
		unknown: orList(l.UnknownStatus, 204, 404), texts: l.NoText,
	}
	return compiled, errors.Join(errs...)
}

func (f Fields) check() error {
	var errs []error
	if gjson.Get(`{}`, f.ID).Exists() {
		errs = append(errs, fmt.Errorf("id: %q finds something in an empty customer", f.ID))
	}
	kinds := slices.Concat(f.Always, slices.Collect(maps.Keys(f.Has)))
	slices.Sort(kinds)
	for _, kind := range kinds {
		if !isKind(kind) {
			errs = append(errs, fmt.Errorf("%q is not a kind of secret: use pin, birth_date, passphrase, or the name of a fact",
				kind))
		}
	}
	for kind, path := range f.Has {
		if path == "" || endpoint.Something(gjson.Get(`{}`, path)) {
			errs = append(errs, fmt.Errorf("has.%s: %q is not a path; put kinds that every customer has into always",
				kind, path))
		}
	}
	return errors.Join(errs...)
}

func (c *Check) compile(kind string) (*check, error) {
	switch {
	case c == nil:
		return nil, errors.New("it has no request")
	case kind == kindTOTP:
		return nil, errors.New("time-based codes are always checked locally, so that none counts twice")
	case kind != anyKind && !isKind(kind):
		return nil, errors.New("it is not a kind of secret: use pin, birth_date, passphrase, the name of a fact, or \"*\"")
	}
	sample := endpoint.Values{Customer: endpoint.SampleValue, Kind: kind}
	if kind == anyKind {
		sample.Kind = "birth_date"
	}
	sample.Answer = new(endpoint.Secrets).Hide([]byte(endpoint.SampleAnswer))
	may := endpoint.May{Public: []string{"Customer", "Kind"}, Secret: []string{"Answer"}}
	r, err := c.Request.Compile(may, sample)
	v, verr := c.Verdict.Compile(slices.Concat(orList(c.WrongStatus, 422), c.UnknownStatus), c.NoText, true)
	r.Shape = v.Shape()
	return &check{request: r, verdict: v}, errors.Join(err, verr)
}

func (p *Phones) compile() (*phones, error) {
	if p == nil {
		return nil, nil
	}
	may := endpoint.May{Public: []string{"Customer"}}
	r, err := p.Request.Compile(may, endpoint.Values{Customer: endpoint.SampleValue})
	layout, lerr := layoutOf(p.SinceLayout)
	compiled := &phones{
		Phones: *p, request: r, unknown: orList(p.UnknownStatus, 204, 404), since: since{layout: layout},
	}
	return compiled, errors.Join(err, lerr, statuses(p.UnknownStatus), endpoint.CheckTexts(p.NoText))
}

func (a *Add) compile() (*add, error) {
	if a == nil {
		return nil, nil
	}
	may := endpoint.May{Public: []string{"Customer", "Phone"}}
	sample := endpoint.Values{Customer: endpoint.SampleValue, Phone: endpoint.SamplePhone}
	r, err := a.Request.Compile(may, sample)
	v, verr := a.Verdict.Compile(nil, nil, false)
	r.Shape = v.Shape()
	return &add{r, v}, errors.Join(err, verr)
}

func orList(list []int, otherwise ...int) []int {
	if list == nil {
		return otherwise
	}
	return list
}

func statuses(list []int) error {
	for _, status := range list {
		if !endpoint.Readable(status) || status == 200 {
			return fmt.Errorf("unknown_status: %d cannot mean that: 200 is read, and 3xx, 408, 429 and 5xx are always errors",
				status)
		}
	}
	return nil
}
