package sms

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"countersign/backend/endpoint"
)

// Settings say how a text message with a one-time code is sent.
type Settings struct {
	// URL is where a message goes, without user, query or fragment. Redirects are not followed.
	URL string `yaml:"url"`
	// Method is POST, PUT or PATCH. Default POST.
	Method string `yaml:"method"`
	// Headers go with every request. ${NAME} in a value stands for an environment variable, which is read once, at the start, and must be there and not be
	// empty.
	Headers map[string]string `yaml:"headers"`
	TLS     endpoint.TLS      `yaml:"tls"`
	// Body is a template with {{.To}}, as +4930123456, and {{.Text}}, or {{.Code}} where the gateway has the text. It is written and checked as Request.Body
	// is. Default {"to": "{{.To}}", "text": "{{.Text}}"}.
	Body string `yaml:"body"`
	// ContentType of the body, as Request.ContentType.
	ContentType string `yaml:"content_type"`
	// Verdict says how the gateway says that it took the message. Default: every status of 2xx; name ok where it answers 200 and says no in the body.
	endpoint.Verdict `yaml:",inline"`
	// Timeout is how long one try may take. Default 5 s, at most 8 s; both tries together take at most 8 s.
	Timeout time.Duration `yaml:"timeout"`
	// IdempotencyHeader names the header by which the gateway knows a message that comes twice, such as Idempotency-Key. With it there is one retry, with the
	// same key; without it there is none, because a caller who gets two messages does not know what to believe.
	IdempotencyHeader string `yaml:"idempotency_header"`
	// Texts are what is said, by language: {code} is the code and must be there, {minutes} how long it counts, {brand} the Brand. A language without a text
	// gets that of its first part (de for de-AT), then English. Default: en and de.
	Texts map[string]string `yaml:"texts"`
	// Brand names the company in the texts. Default: nobody is named.
	Brand string `yaml:"brand"`
	// Countries (ISO 3166, such as DE, AT) are those that messages are sent to. Empty: all, with a warning at the start, because strangers can make money of
	// calls that let messages be sent to numbers of theirs abroad.
	Countries []string `yaml:"countries"`
}

const (
	defaultGatewayTimeout = 5 * time.Second
	defaultBody           = `{"to": "{{.To}}", "text": "{{.Text}}"}`
	// maxTextLength keeps a message and what is filled in within a few parts.
	maxTextLength = 500
)

// defaultTexts fit into one message of 160 characters with a brand of up to 30.
var defaultTexts = map[string]string{
	"en": "{brand}Your code is {code}. Valid for {minutes} min. Only key it on the phone. Never tell it to anybody, not even to our staff.",
	"de": "{brand}Ihr Code: {code}. Gilt {minutes} Min. Nur am Telefon eintippen. Niemandem sagen, auch nicht unseren Mitarbeitern.",
}

func (s Settings) defaults() Settings {
	s.Method = strings.ToUpper(endpoint.OrDefault(s.Method, "POST"))
	s.Body = endpoint.OrDefault(s.Body, defaultBody)
	s.Timeout = endpoint.OrDefault(s.Timeout, defaultGatewayTimeout)
	texts := maps.Clone(defaultTexts)
	for language, text := range s.Texts {
		texts[strings.ToLower(language)] = text
	}
	s.Texts = texts
	return s
}

func (s Settings) check() (errs []error) {
	if s.Timeout < 0 || s.Timeout > endpoint.MaxCap {
		errs = append(errs, fmt.Errorf("timeout is %s: it must be more than 0 and no more than %s: a caller is waiting", s.Timeout, endpoint.MaxCap))
	}
	if s.Method == "GET" || s.Method == "HEAD" || s.Method == "DELETE" {
		errs = append(errs, fmt.Errorf("method: %s has no body; a code in a URL would be logged", s.Method))
	}
	if s.IdempotencyHeader != "" && !endpoint.ValidHeaderName(s.IdempotencyHeader) {
		errs = append(errs, fmt.Errorf("idempotency_header: %q is not the name of a header", s.IdempotencyHeader))
	}
	if len(s.Brand) > 60 || !endpoint.ValidHeaderValue(s.Brand) {
		errs = append(errs, errors.New("brand: it must be one line of up to 60 bytes"))
	}
	for _, language := range slices.Sorted(maps.Keys(s.Texts)) {
		if text := s.Texts[language]; !strings.Contains(text, "{code}") || len(text) > maxTextLength {
			errs = append(errs, fmt.Errorf("texts.%s: it must have {code} in it and be no longer than %d bytes", language, maxTextLength))
		}
	}
	for _, country := range s.Countries {
		if !phonenumbers.GetSupportedRegions()[country] {
			errs = append(errs, fmt.Errorf("countries: %q is no ISO 3166 code of two capital letters, such as DE", country))
		}
	}
	return errs
}
