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
	// URL receives the messages. It has no user, query or fragment. Redirects are not followed.
	URL string `yaml:"url"`
	// Method is POST, PUT or PATCH. Default POST.
	Method string `yaml:"method"`
	// Headers go with every request. ${NAME} in a value is an environment variable; it is read once, at the start,
	// and must be set and not empty.
	Headers map[string]string `yaml:"headers"`
	TLS     endpoint.TLS      `yaml:"tls"`
	// Body is a template with {{.To}}, such as +4930123456, and {{.Text}}, or {{.Code}} if the gateway has the text; with
	// {{.Reference}}, by which the gateway's receipts name the message.
	// The rules of endpoint.Request.Body apply. Default {"to": "{{.To}}", "text": "{{.Text}}"}.
	Body string `yaml:"body"`
	// ContentType of the body, as in endpoint.Request.
	ContentType string `yaml:"content_type"`
	// Verdict says how to tell that the gateway accepted the message. Default: every 2xx; set ok if it answers 200
	// and refuses in the body.
	endpoint.Verdict `yaml:",inline"`
	endpoint.Outage  `yaml:",inline"`
	// Timeout bounds one attempt. Default 5 s, at most 8 s; both attempts together take at most 8 s.
	Timeout time.Duration `yaml:"timeout"`
	// IdempotencyHeader names the header by which the gateway recognises a repeated message, such as Idempotency-Key.
	// With it there is one retry with the same key; without it there is none, because two messages confuse the caller,
	// and each message has a connection of its own, so that none meets one that the gateway was just closing.
	IdempotencyHeader string `yaml:"idempotency_header"`
	// Texts are the messages by language: {code} is the code and required, {minutes} is how long it is valid, {brand}
	// is Brand. A language without a text uses that of its first part (de for de-AT), then English. Default: en and
	// de.
	Texts map[string]string `yaml:"texts"`
	// Brand names the company in the texts. Default: none.
	Brand string `yaml:"brand"`
	// Receipts say how to read the gateway's delivery receipts. Default: there are none.
	Receipts ReceiptSettings `yaml:"receipts"`
	// Countries (ISO 3166, such as DE, AT) are those that messages may go to. Empty allows all, with a warning at the
	// start: fraudsters earn money with messages to their own numbers abroad.
	Countries []string `yaml:"countries"`
}

const (
	defaultGatewayTimeout = 5 * time.Second
	defaultBody           = `{"to": "{{.To}}", "text": "{{.Text}}"}`
	// maxTextLength keeps a message within a few parts.
	maxTextLength = 500
)

// defaultTexts fit into one message of 160 characters with a brand of up to 30.
var defaultTexts = map[string]string{
	"en": "{brand}Your code is {code}. Valid for {minutes} min. Only key it on the phone. " +
		"Never tell it to anybody, not even to our staff.",
	"de": "{brand}Ihr Code: {code}. Gilt {minutes} Min. Nur am Telefon eintippen. " +
		"Niemandem sagen, auch nicht unseren Mitarbeitern.",
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
		errs = append(errs, fmt.Errorf("timeout is %s: it must be more than 0 and no more than %s: a caller is waiting",
			s.Timeout, endpoint.MaxCap))
	}
	if s.Method == "GET" || s.Method == "HEAD" || s.Method == "DELETE" {
		errs = append(errs, fmt.Errorf("method: %s has no body; a code in a URL would be logged", s.Method))
	}
	if len(s.Brand) > 60 || !endpoint.ValidHeaderValue(s.Brand) {
		errs = append(errs, errors.New("brand: it must be one line of up to 60 bytes"))
	}
	for _, language := range slices.Sorted(maps.Keys(s.Texts)) {
		if err := CheckText(s.Texts[language]); err != nil {
			errs = append(errs, fmt.Errorf("texts.%s: %w", language, err))
		}
	}
	errs = append(errs, s.Receipts.check(s.Body)...)
	for _, country := range s.Countries {
		if !phonenumbers.GetSupportedRegions()[country] {
			errs = append(errs, fmt.Errorf("countries: %q is not an ISO 3166 code of two capital letters, such as DE", country))
		}
	}
	return errs
}

// CheckText says what is wrong with the text of a message.
func CheckText(text string) error {
	if !strings.Contains(text, "{code}") || len(text) > maxTextLength {
		return fmt.Errorf("it must have {code} in it and be no longer than %d bytes", maxTextLength)
	}
	return nil
}

// EffectiveTexts are the texts by language, with ours where there are none.
func (s Settings) EffectiveTexts() map[string]string { return s.defaults().Texts }
