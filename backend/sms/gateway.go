// Package sms sends text messages through the company's SMS gateway over HTTP, to the countries that its settings
// allow.
package sms

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"countersign/backend/endpoint"
	"countersign/session"
)

// Gateway sends text messages over a gateway's HTTP interface. It is safe for use by several goroutines.
type Gateway struct {
	endpoint  *endpoint.Endpoint
	request   *endpoint.Prepared
	verdict   endpoint.Judge
	texts     map[string]string
	brand     string
	countries []string
	takesText bool
}

// New checks the settings and tries the body with sample values; it does not connect. The error names everything that
// is wrong, with the names of settings below "sms". Close the Gateway.
func New(s Settings, o endpoint.Options) (*Gateway, error) {
	o = o.Defaults()
	s = s.defaults()
	g := &Gateway{texts: s.Texts, brand: s.Brand, countries: s.Countries, takesText: strings.Contains(s.Body, ".Text")}
	errs := s.check()
	var err error
	if g.endpoint, err = endpoint.New(s.URL, s.Headers, s.TLS, o); err != nil {
		errs = append(errs, err)
	}
	g.endpoint.Timeout, g.endpoint.Cap, g.endpoint.MaxResponse = s.Timeout, endpoint.MaxCap, endpoint.DefaultMaxResponse
	twice := s.IdempotencyHeader != ""
	r := endpoint.Request{
		Method: s.Method, Body: s.Body, ContentType: s.ContentType,
		Idempotent: &twice, IdempotencyHeader: s.IdempotencyHeader, Outage: s.Outage,
	}
	sample := endpoint.Secrets{}
	g.request, err = r.Compile(endpoint.May{Public: []string{"To", "Reference"}, Secret: []string{"Text", "Code"}},
		endpoint.Values{
			To: endpoint.SamplePhone, Reference: "reference", Text: sample.Hide([]byte(endpoint.SampleValue)),
			Code: sample.Hide([]byte("123456")),
		})
	if err != nil {
		errs = append(errs, err)
	}
	if g.verdict, err = s.Verdict.Compile(nil, nil, false); err != nil {
		errs = append(errs, err)
	}
	g.request.Shape = g.verdict.Shape()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("sms: %w", err)
	}
	if len(s.Countries) == 0 {
		o.Log.Warn("codes are sent to every country: sms.countries is empty")
	}
	return g, nil
}

// Close closes idle connections. No method may be called after it.
func (g *Gateway) Close() { g.endpoint.Close() }

// Send implements steps.Sender. It neither keeps nor wipes the code. An error that wraps ErrCountry or
// endpoint.ErrUnavailable means that, as far as we know, the message was not sent; it has neither the code nor the
// number.
func (g *Gateway) Send(ctx context.Context, m session.Message) error {
	text := g.text(m)
	defer clear(text)
	return g.send(ctx, m.To, m.Reference, text, m.Code.Reveal())
}

// Tell sends a text of ours, which may hold a link that is good once. It neither keeps nor wipes it. Errors are those of
// Send, and ErrNoText.
func (g *Gateway) Tell(ctx context.Context, to, reference string, text session.Secret) error {
	if !g.takesText {
		return ErrNoText
	}
	return g.send(ctx, to, reference, text.Reveal(), nil)
}

func (g *Gateway) send(ctx context.Context, to, reference string, text, code []byte) error {
	if err := g.allowed(to); err != nil {
		return err
	}
	all := &endpoint.Secrets{}
	v := endpoint.Values{To: to, Reference: reference, Text: all.Hide(text), Code: all.Hide(code)}
	return g.endpoint.Do(ctx, "send message", g.request, v, func(r *endpoint.Reply) error {
		accepted, err := g.verdict.Read(r)
		if err == nil && !accepted {
			return errors.New("the gateway refused it")
		}
		return err
	})
}

func (g *Gateway) allowed(to string) error {
	n, err := phonenumbers.Parse(to, "ZZ")
	if err != nil || phonenumbers.Format(n, phonenumbers.E164) != to {
		return errors.New("send message: the number is not a telephone number")
	}
	if len(g.countries) == 0 {
		return nil
	}
	region := phonenumbers.GetRegionCodeForNumber(n)
	if !slices.Contains(g.countries, region) {
		return fmt.Errorf("send message to %s: %w; see sms.countries",
			endpoint.OrDefault(region, "an unknown country"), ErrCountry)
	}
	return nil
}

// text returns the message in one piece of memory, which the caller wipes.
func (g *Gateway) text(m session.Message) []byte {
	primary, _, _ := strings.Cut(strings.ToLower(m.Language), "-")
	pattern, ok := g.texts[strings.ToLower(m.Language)]
	if !ok {
		pattern, ok = g.texts[primary]
	}
	if !ok {
		pattern = g.texts["en"]
	}
	brand := g.brand
	if brand != "" && strings.HasPrefix(pattern, "{brand}") {
		brand += ": "
	}
	minutes := strconv.Itoa(max(1, int(math.Floor(m.Lifetime.Minutes()))))
	pattern = strings.NewReplacer("{brand}", brand, "{minutes}", minutes).Replace(pattern)
	code := m.Code.Reveal()
	out := make([]byte, 0, len(pattern)+strings.Count(pattern, "{code}")*len(code))
	for {
		before, after, found := strings.Cut(pattern, "{code}")
		out = append(out, before...)
		if !found {
			return out
		}
		out, pattern = append(out, code...), after
	}
}

// ErrCountry means that a message was not sent because the country of its number is not on the list.
var ErrCountry = errors.New("no messages are sent to that country")

// ErrNoText means that the gateway has texts of its own, and takes codes alone.
var ErrNoText = errors.New("the gateway takes no texts: sms.body has no {{.Text}}")
