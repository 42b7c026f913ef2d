package webhook

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"countersign/backend/endpoint"
	"countersign/session/event"
)

// Settings are one webhook (docs/integrate.md#webhooks). ${NAME} in url, secret and headers is an environment variable.
type Settings struct {
	// URL takes the events. Redirects are not followed.
	URL string `yaml:"url"`
	// Dialect is plain (default), zammad or chatwoot.
	Dialect Dialect `yaml:"dialect"`
	// Secret is the key of the signatures, whsec_ and base64 of 24 to 64 bytes; two of them, separated by a space, while
	// it is changed. SecretFile is a file with it. One of them is required for plain, and may be left out for others.
	Secret     string `yaml:"secret"`
	SecretFile string `yaml:"secret_file"`
	// Facts are the facts to deliver, or "*" for all; default identified, verified and failed. Other dialects than plain
	// know themselves what they need. Lines are the lines to deliver; default all.
	Facts []string `yaml:"facts"`
	Lines []string `yaml:"lines"`
	// Names lets names and telephone numbers of customers out.
	Names bool `yaml:"names"`
	// Headers go with every request.
	Headers map[string]string `yaml:"headers"`
	TLS     endpoint.TLS      `yaml:"tls"`
	// Timeout bounds one attempt; default 5s, up to 30s.
	Timeout time.Duration `yaml:"timeout"`
	// Inbox is the inbox of Chatwoot in which unknown customers are created; without one they are left out.
	Inbox int `yaml:"inbox"`
}

// Dialect is how a system wants to be told.
type Dialect string

// The dialects.
const (
	Plain    Dialect = "plain"    // the CloudEvent, signed as Standard Webhooks 1.0 has it
	Zammad   Dialect = "zammad"   // Zammad's generic CTI: newCall, answer, hangup
	Chatwoot Dialect = "chatwoot" // attributes of Chatwoot's contacts
)

const (
	defaultTimeout = 5 * time.Second
	mostTimeout    = 30 * time.Second
	allFacts       = "*"
	// Bounds of a secret (Standard Webhooks 1.0, "Symmetric signatures").
	secretPrefix               = "whsec_"
	leastSecretBytes, maxBytes = 24, 64
)

// namePattern is what a webhook may be called: it is part of keys of the shared state.
var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// CheckName says what is wrong with the name of a webhook.
func CheckName(name string) error {
	if !namePattern.MatchString(name) {
		return fmt.Errorf("%q must be up to 40 small letters, digits and hyphens", name)
	}
	return nil
}

// Check lists what is wrong, each with the name of the setting first. It reads neither files nor the environment.
func (s Settings) Check() (errs []error) {
	switch s.Dialect {
	case "", Plain:
		if s.Secret == "" && s.SecretFile == "" {
			errs = append(errs, errors.New(`secret is missing: make one with printf whsec_; openssl rand -base64 32`))
		}
	case Zammad, Chatwoot:
		if len(s.Facts) > 0 {
			errs = append(errs, fmt.Errorf("facts has no meaning with dialect %s, which knows what it needs", s.Dialect))
		}
	default:
		errs = append(errs, fmt.Errorf("dialect is %q: it can be %s, %s or %s", s.Dialect, Plain, Zammad, Chatwoot))
	}
	if s.Secret != "" && s.SecretFile != "" {
		errs = append(errs, errors.New("secret and secret_file are both set: keep one"))
	}
	if s.URL == "" {
		errs = append(errs, errors.New("url is missing"))
	}
	for _, f := range s.Facts {
		if f != allFacts && !slices.Contains(event.Facts(), event.Fact(f)) {
			errs = append(errs, fmt.Errorf("facts has %q: there is no such fact, see docs/contracts.md#events", f))
		}
	}
	if s.Timeout < 0 || s.Timeout > mostTimeout {
		errs = append(errs, fmt.Errorf("timeout is %s: it must be from 1ms to %s", s.Timeout, mostTimeout))
	}
	if s.Inbox != 0 && s.Dialect != Chatwoot {
		errs = append(errs, errors.New("inbox is for the dialect chatwoot alone"))
	}
	return errs
}

// facts are what plain delivers; nil means all.
func (s Settings) facts() []event.Fact {
	if len(s.Facts) == 0 {
		return []event.Fact{event.FactIdentified, event.FactVerified, event.FactFailed}
	}
	var facts []event.Fact
	for _, f := range s.Facts {
		if f == allFacts {
			return event.Facts()
		}
		facts = append(facts, event.Fact(f))
	}
	return facts
}

// address splits a URL into the server and what is asked of it. Both may be secret: Zammad's has a token in its path.
func address(text string) (server, target string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
		return "", "", errors.New("url: it must be a URL such as https://crm.example/events, without user and fragment")
	}
	return u.Scheme + "://" + u.Host, u.RequestURI(), nil
}

// signers makes the signers of the settings; none without a secret. Errors show nothing of it.
func (s Settings) signers(env func(string) (string, bool)) (all []*standardwebhooks.Webhook, err error) {
	text, setting := s.Secret, "secret"
	if s.SecretFile != "" {
		setting = "secret_file"
		read, err := os.ReadFile(s.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("secret_file: %w", err)
		}
		text = string(read)
	}
	if text, err = endpoint.Expand(setting, text, env); err != nil {
		return nil, err
	}
	for _, one := range strings.Fields(text) {
		key, err := decodeSecret(one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", setting, err)
		}
		signer, err := standardwebhooks.NewWebhookRaw(key)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be used as a key", setting)
		}
		all = append(all, signer)
	}
	if len(all) == 0 && (s.Dialect == "" || s.Dialect == Plain) {
		return nil, fmt.Errorf("%s is empty", setting)
	}
	return all, nil
}
