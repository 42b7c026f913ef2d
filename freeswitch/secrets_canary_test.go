package freeswitch_test

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"countersign/lines"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEverySecretOfEveryWayIsFoundNowhere is the canary for what callers say, for codes, dates of birth, tokens and our own keys: after real calls that use them,
// right, wrong and broken off, nothing that FreeSWITCH or the service has written or said has them. The second half leaks each of them on purpose.
func TestEverySecretOfEveryWayIsFoundNowhere(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	catcher := startCatcher(t)
	smartflows := exampleLine(t, "smartflows")
	files := maps.Clone(lineDialplan)
	maps.Copy(files, careless)
	o := serviceOptions{
		Customers: []customer{{ID: "K-0", Name: "Rehearsal", Phones: numberOf(127, 0), Passphrase: "two words"}},
		Lines:     []string{smartflows, openOffice(t), exampleLine(t, "bank")}, Settings: catcher.Settings,
	}
	s := startSiteOn(t, o, hearing(t, options{Files: files}, lineOf(t, smartflows).Verify.Questions[0].Kind.(*lines.Passphrase).Grammar))
	doomed := startService(t, o)

	dials := func(t *testing.T, to, from string, headers ...string) *call {
		t.Helper()
		return callWithSIPp(t, s.freeSWITCH, dial{To: to, From: from, Headers: headers, Wide: to == "5100"})
	}
	begins := func(t *testing.T, from, phone string) *call {
		t.Helper()
		c := dials(t, "5100", from)
		c.AwaitAsked(t, "have-account", 1, askedWithin)
		c.Press("1")
		c.AwaitAsked(t, "ask-phone", 1, askedWithin)
		c.Press(strings.TrimPrefix(phone, "+") + "#")
		c.AwaitListened(t, 1, askedWithin)
		return c
	}
	isVerified := func(t *testing.T, c *call, extension string) {
		t.Helper()
		c.AwaitAt(t, "default", extension, saidWithin)
		require.Equal(t, "verified", c.Record(t).Variables["cs_status"])
	}

	// A rehearsal, as in TestKeyedSecretsAreFoundNowhere.
	rehearsal := begins(t, numberOf(779, 0), numberOf(127, 0))
	rehearsal.Press("*")
	rehearsal.AwaitAsked(t, "ask-code", 1, askedWithin)
	rehearsal.Press(catcher.Code(t, numberOf(127, 0), 1))
	isVerified(t, rehearsal, "menu")
	before := s.places(t, s.Service, doomed)

	var taken []string
	phrases := make([]string, 5)
	var secrets []secret
	for i := range phrases {
		phrases[i] = before.drawPhrase(t, &taken)
		secrets = append(secrets, spokenSecret(phrases[i]))
	}
	birth, birthSecret := before.drawBirthDate()
	geburt, geburtSecret := before.drawBirthDate()
	postcode, plz, pin := before.drawDigits(5), before.drawDigits(5), before.drawDigits(6)
	key, totpCode, totpSecret := before.drawTOTP(t)
	secrets = append(secrets, birthSecret, geburtSecret, totpSecret, secret{what: "fact", digits: []string{postcode, plz}}, secret{what: "PIN", digits: []string{pin}})
	customers := []customer{
		{ID: "K-1", Name: "Speaks Well", Phones: numberOf(127, 1), Passphrase: phrases[0]},
		{ID: "K-2", Name: "Speaks Badly", Phones: numberOf(127, 2), Passphrase: phrases[1]},
		{ID: "K-3", Name: "Was Born", Phones: numberOf(127, 3), BirthDate: birth.Format(time.DateOnly), Postcode: postcode},
		{ID: "K-4", Name: "Ist Geboren", Phones: numberOf(127, 4), BirthDate: geburt.Format(time.DateOnly), Postcode: plz, Language: "de"},
		{ID: "K-5", Name: "Has Authenticator", Phones: numberOf(127, 5), PIN: pin, TOTP: key},
		{ID: "K-6", Name: "Has Token", Phones: numberOf(127, 6), PIN: pin},
		{ID: "K-7", Name: "Says It Later", Phones: numberOf(127, 7), Passphrase: phrases[4]},
	}
	s.Service.importCustomers(t, customers)
	doomed.importCustomers(t, customers)
	redeemed, hungUp, away := s.Service.token(t, "K-6", "*"), s.Service.token(t, "K-6", "*"), s.Service.token(t, "K-6", "*")
	dies := doomed.token(t, "K-6", "bank") // the default line does not take it, and so asks
	for _, token := range []string{redeemed, hungUp, away, dies} {
		secrets = append(secrets, tokenSecret(token))
	}
	peppers := []secret{s.Service.pepper(t), doomed.pepper(t)}
	var sent string

	t.Run("calls", func(t *testing.T) {
		t.Run("the authenticator's code", func(t *testing.T) {
			t.Parallel()
			c := dials(t, "passed-5200", customers[4].Phones)
			c.AwaitAsked(t, "ask-pin", 1, askedWithin)
			c.Press(pin)
			c.AwaitAsked(t, "ask-totp", 1, askedWithin)
			c.Press(totpCode)
			isVerified(t, c, "banking")
		})
		t.Run("a passphrase said right", func(t *testing.T) {
			t.Parallel()
			c := begins(t, numberOf(779, 1), customers[0].Phones)
			c.SayUntilHeard(t, phrases[0])
			isVerified(t, c, "menu")
		})
		t.Run("passphrases said wrong, and codes", func(t *testing.T) {
			t.Parallel()
			c := begins(t, numberOf(779, 2), customers[1].Phones)
			c.Say(t, phrases[2])
			c.AwaitListened(t, 2, askedWithin)
			c.Say(t, phrases[3])
			c.AwaitAsked(t, "ask-code", 1, askedWithin)
			sent = catcher.Code(t, customers[1].Phones, 1)
			c.Press(otherDigits(sent, 1))
			c.AwaitAsked(t, "ask-code-again", 1, askedWithin)
			c.Press(sent)
			isVerified(t, c, "menu")
		})
		t.Run("a passphrase broken off", func(t *testing.T) {
			t.Parallel()
			c := begins(t, numberOf(779, 3), customers[1].Phones)
			c.Say(t, phrases[1])
			c.AwaitSpoken(t, 300*time.Millisecond)
			c.Record(t)
		})
		t.Run("a date of birth and a fact", func(t *testing.T) {
			t.Parallel()
			c := dials(t, "5300", customers[2].Phones)
			c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
			c.Press(birth.Format("02012006")) // in the wrong order
			c.AwaitAsked(t, "ask-birth-date-again", 1, askedWithin)
			c.Press(birth.Format("010206") + "#")
			c.AwaitAsked(t, "ask-fact", 1, askedWithin)
			c.Press(postcode)
			isVerified(t, c, "agents")
		})
		t.Run("a date of birth and a fact in German", func(t *testing.T) {
			t.Parallel()
			c := dials(t, "5300", customers[3].Phones)
			c.AwaitAsked(t, "ask-birth-date", 1, askedWithin)
			c.Press(geburt.Format("02012006"))
			c.AwaitAsked(t, "ask-fact", 1, askedWithin)
			c.Press(plz)
			isVerified(t, c, "agents")
		})
		t.Run("a token, redeemed", func(t *testing.T) {
			t.Parallel()
			isVerified(t, dials(t, "5000", numberOf(779, 4), "X-Countersign-Token: "+redeemed), "menu")
		})
		t.Run("a token whose caller hangs up", func(t *testing.T) {
			t.Parallel()
			c := dials(t, "passed-5200", numberOf(779, 5), "X-Countersign-Token: "+hungUp) // one factor is not enough there
			c.AwaitAsked(t, "ask-code", 1, askedWithin)
			c.Record(t)
		})
		t.Run("a token while nobody answers", func(t *testing.T) {
			t.Parallel()
			c := dials(t, fmt.Sprintf("via-%d-60", freePort(t)), numberOf(779, 6), "X-Countersign-Token: "+away)
			c.AwaitAt(t, "default", "agents", atOnce)
			c.Record(t)
		})
		t.Run("a token while the service dies", func(t *testing.T) {
			t.Parallel()
			c := dials(t, doomed.Number(time.Minute), numberOf(779, 7), "X-Countersign-Token: "+dies)
			c.AwaitAsked(t, "ask-account", 1, askedWithin)
			doomed.Kill(t)
			c.AwaitAt(t, "default", "agents", atOnce)
			c.Record(t)
		})
	})
	if t.Failed() {
		return
	}
	secrets = append(secrets, secret{what: "SMS code", digits: []string{sent, otherDigits(sent, 1)}})
	for _, used := range []string{redeemed, hungUp} {
		status, answer := s.Service.redeem(t, used)
		assert.Equal(t, http.StatusUnprocessableEntity, status, "a token that was on a call is used up: %s", answer)
	}

	// What mod_pocketsphinx understood is in the log at DEBUG, and nowhere else. At INFO it is not even there.
	now, heard := s.places(t, s.Service, doomed).withoutRecognized()
	assert.Positive(t, heard, "mod_pocketsphinx logs words no more: the guide and this exception can go")
	guide, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(guide), "Recognized: ", "the exception is documented")
	assert.Empty(t, now.leaks(secrets...), "while the service runs")
	s.API(t, "fsctl loglevel info")
	c := begins(t, numberOf(779, 8), customers[6].Phones)
	c.SayUntilHeard(t, phrases[4])
	isVerified(t, c, "menu")
	assert.Empty(t, s.places(t, s.Service).leaks(secrets[4]), "at INFO")
	s.API(t, "fsctl loglevel debug")

	// The API says what is known about the calls, and NATS knows it: neither who called from where, nor what was keyed to find out who it is.
	all := places{}
	for id := range s.Events.calls() {
		var status int
		status, all["HTTP answer "+id] = s.Service.look(t, "/v1/calls/"+id)
		assert.Equal(t, http.StatusOK, status)
	}
	require.NotEmpty(t, all)
	// A clean end writes SQLite's log into the database and closes NATS's files.
	s.Service.Signal(t, syscall.SIGTERM)
	s.Service.AwaitExit(t, serviceStopsWithin)
	maps.Copy(all, s.places(t, s.Service, doomed))
	all, _ = all.withoutRecognized()
	assert.Empty(t, all.leaks(secrets...), "after the service has stopped")
	assert.Empty(t, all.withoutKeyFiles().leaks(peppers...), "after the service has stopped")
	var numbers secret
	for i := range 10 {
		numbers.texts = append(numbers.texts, numberOf(779, i)[2:], numberOf(127, i)[2:])
	}
	assert.Empty(t, all.withoutCustomers().leaks(numbers), "telephone numbers are with the customers and in FreeSWITCH, and nowhere else")
	if t.Failed() {
		return
	}

	// From here on they are leaked on purpose.
	s.Service.Start(t)
	s.Events = subscribe(t, s.Service)
	t.Run("the search finds what leaks", func(t *testing.T) { s.leakOnPurpose(t, append(secrets, peppers...)) })
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
