package freeswitch_test

import (
	"encoding/hex"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/session/event"

	"github.com/stretchr/testify/require"
)

// everySecret is a service with a way to prove oneself for each kind of secret, and a second one that dies in a call.
type everySecret struct {
	*site
	doomed  *service
	catcher *catcher
	watcher *watcher
	hooks   *hooks

	customers     []customer
	phrases       []string
	birth, geburt time.Time
	postcode, plz string
	pin, totpCode string
	// saidPIN is a PIN that is said and keyed.
	saidPIN string
	token   struct{ redeemed, hungUp, away, dies string }
	// sent is the code that a caller was sent.
	sent string
	// secrets are what must be nowhere; peppers are the keys of the two services.
	secrets, peppers []secret
}

func startEverySecret(t *testing.T) *everySecret {
	t.Helper()
	e := &everySecret{catcher: startCatcher(t), hooks: startHooks(t)}
	line := exampleLine(t, "smartflows")
	files := maps.Clone(lineDialplan)
	maps.Copy(files, careless)
	o := serviceOptions{
		Customers: []customer{{ID: "K-0", Name: "Rehearsal", Phones: numberOf(127, 0), Passphrase: "two words"}},
		Lines:     []string{line, openOffice(t), exampleLine(t, "bank"), spokenLine}, Settings: e.catcher.Settings + e.hooks.Settings,
	}
	e.site = startSiteOn(t, o, heedingAnswers(t, options{Files: files}, passphraseOf(t, line).Grammar))
	e.doomed = startService(t, o)
	e.watcher = startWatcher(t, e.Service)
	return e
}

// rehearse makes a call, as TestKeyedSecretsAreFoundNowhere does.
func (e *everySecret) rehearse(t *testing.T) {
	t.Helper()
	c := e.begins(t, numberOf(779, 0), numberOf(127, 0))
	c.Press("*")
	c.AwaitAsked(t, "ask-code", 1, askedWithin)
	c.Press(e.catcher.Code(t, numberOf(127, 0), 1))
	isVerifiedAt(t, c, "menu")
}

// draw draws the secrets that nothing has yet, and gives them to customers.
func (e *everySecret) draw(t *testing.T) {
	t.Helper()
	before := e.places(t, e.Service, e.doomed)
	maps.Copy(before, e.watcher.seen(t, e.Events.calls()))
	var taken []string
	for range 5 {
		phrase := before.drawPhrase(t, &taken)
		e.phrases = append(e.phrases, phrase)
		e.secrets = append(e.secrets, spokenSecret(phrase))
	}
	var birthSecret, geburtSecret, totpSecret secret
	var key string
	e.birth, birthSecret = before.drawBirthDate()
	e.geburt, geburtSecret = before.drawBirthDate()
	e.postcode, e.plz, e.pin = before.drawDigits(5), before.drawDigits(5), before.drawDigits(6)
	key, e.totpCode, totpSecret = before.drawTOTP(t)
	e.secrets = append(e.secrets, birthSecret, geburtSecret, totpSecret,
		secret{what: "fact", digits: []string{e.postcode, e.plz}}, secret{what: "PIN", digits: []string{e.pin}})
	e.saidPIN = before.drawDigits(6)
	e.secrets = append(e.secrets, secret{
		what: "spoken PIN", digits: []string{e.saidPIN}, texts: []string{inWords(e.saidPIN)},
	})
	e.customers = []customer{
		{ID: "K-1", Name: "Speaks Well", Passphrase: e.phrases[0]},
		{ID: "K-2", Name: "Speaks Badly", Passphrase: e.phrases[1]},
		{ID: "K-3", Name: "Was Born", BirthDate: e.birth.Format(time.DateOnly), Postcode: e.postcode},
		{ID: "K-4", Name: "Ist Geboren", BirthDate: e.geburt.Format(time.DateOnly), Postcode: e.plz, Language: "de"},
		{ID: "K-5", Name: "Has Authenticator", PIN: e.pin, TOTP: key},
		{ID: "K-6", Name: "Has Token", PIN: e.pin},
		{ID: "K-7", Name: "Says It Later", Passphrase: e.phrases[4]},
		{ID: "K-8", Name: "Says The PIN", Account: "300081", PIN: e.saidPIN},
	}
	for i := range e.customers {
		e.customers[i].Phones = numberOf(127, i+1)
	}
	e.Service.importCustomers(t, e.customers)
	e.doomed.importCustomers(t, e.customers)
	for _, token := range []*string{&e.token.redeemed, &e.token.hungUp, &e.token.away} {
		*token = e.Service.token(t, "K-6", "*")
	}
	e.token.dies = e.doomed.token(t, "K-6", "bank") // the default line does not take it, and so asks
	for _, token := range []string{e.token.redeemed, e.token.hungUp, e.token.away, e.token.dies} {
		e.secrets = append(e.secrets, tokenSecret(token))
	}
	e.peppers = []secret{e.Service.pepper(t), e.doomed.pepper(t)}
}

func (e *everySecret) dials(t *testing.T, to, from string, headers ...string) *call {
	t.Helper()
	return callWithSIPp(t, e.freeSWITCH, dial{To: to, From: from, Headers: headers, Wide: to == "5100" || to == "5600"})
}

// begins has a caller say who they are, up to the question for the passphrase.
func (e *everySecret) begins(t *testing.T, from, phone string) *call {
	t.Helper()
	c := e.dials(t, "5100", from)
	c.AwaitAsked(t, "have-account", 1, askedWithin)
	c.Press("1")
	c.AwaitAsked(t, "ask-phone", 1, askedWithin)
	c.Press(strings.TrimPrefix(phone, "+") + "#")
	c.AwaitListened(t, 1, askedWithin)
	return c
}

func isVerifiedAt(t *testing.T, c *call, extension string) {
	t.Helper()
	c.AwaitAt(t, "default", extension, saidWithin)
	require.Equal(t, "verified", c.Record(t).Variables["cs_status"])
}

// pepper is the key without which stored secrets are worth nothing, as a secret of its own.
func (s *service) pepper(t testing.TB) secret {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Data, "pepper"))
	require.NoError(t, err)
	raw, err := hex.DecodeString(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	return secret{what: "pepper", texts: encodings(raw)}
}

// look reads something of the API.
func (s *service) look(t testing.TB, path string) (status int, answer []byte) {
	t.Helper()
	status, text := s.ask(t, http.MethodGet, path, "")
	return status, []byte(text)
}

// calls are the ids of all calls that have ended.
func (p *published) calls() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	ended := map[string]bool{}
	for _, m := range p.events {
		if routed, ok := m.event.Data.(event.Routed); ok && routed.Outcome != "" {
			ended[m.event.Call] = true
		}
	}
	return ended
}
