package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/session/event"
)

// spokenDigits are those that a prompt speaks.
func spokenDigits(p sim.Prompt) (digits string) {
	for _, file := range p.Files {
		if d, is := strings.CutPrefix(strings.TrimSuffix(path.Base(file), ".wav"), "digit-"); is {
			digits += d
		}
	}
	return digits
}

// A call on one machine asks the customer on a page of the other. The link, the digits and the customer's session are in
// no log and no event.
func TestACallAsksOnTheCustomersPage(t *testing.T) {
	t.Parallel()
	links := make(chan string, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m struct{ Text string }
		if assert.NoError(t, json.NewDecoder(r.Body).Decode(&m)) {
			links <- m.Text[strings.Index(m.Text, "http"):]
		}
	}))
	t.Cleanup(gateway.Close)
	s := newSite(t, 2, "id,phones,account,pin\nC-1,+15551230001,100042,862914\nC-2,+15551230002,100043,862914\n", noWaiting+`
sms: {url: "`+gateway.URL+`/messages", body: '{"to": "{{.To}}", "text": "{{.Text}}"}'}
`)
	s.apply(bankLine("links", "5100", "app_link: {}"))
	two := s.nodes[1]
	var secrets []string
	visit := func(link string, presses string, form url.Values) (text string, browser *http.Client) {
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		browser = &http.Client{Jar: jar}
		at, err := url.Parse(link)
		require.NoError(t, err)
		secrets = append(secrets, path.Base(link))
		for _, do := range []func() (*http.Response, error){
			func() (*http.Response, error) { return browser.Get(two.api + at.Path) },
			func() (*http.Response, error) { return browser.PostForm(two.api+"/my/open", nil) },
			func() (*http.Response, error) { return browser.PostForm(two.api+presses, form) },
		} {
			got, err := do()
			require.NoError(t, err)
			body, err := io.ReadAll(got.Body)
			require.NoError(t, err)
			require.NoError(t, got.Body.Close())
			require.Equal(t, http.StatusOK, got.StatusCode, string(body))
			text = string(body)
		}
		api, err := url.Parse(two.api)
		require.NoError(t, err)
		for _, c := range jar.Cookies(api) {
			secrets = append(secrets, c.Value)
		}
		return text, browser
	}
	call := func(account, presses string, form func(digits string) url.Values) sim.Result {
		answered := false
		caller := sim.CallerFunc(func(p sim.Prompt) []sim.Act {
			switch {
			case p.Has("ask-account"):
				return sim.Pace{}.Type(p, account+"#")
			case p.Has("ask-app-link") && !answered:
				answered = true
				digits := spokenDigits(p)
				assert.Len(t, digits, 2)
				visit(<-links, presses, form(digits))
			}
			return nil
		})
		return s.nodes[0].call(sim.CallOptions{From: "+15550001111", To: "5100", Caller: caller})
	}
	r := call("100042", "/my/proof/digits", func(digits string) url.Values { return url.Values{"digits": {digits}} })
	assert.Equal(t, "verified", r.Variables["cs_status"], r.Variables["cs_reason"])
	assert.Equal(t, "account,app_link", r.Variables["cs_methods"])
	var story []event.Fact
	for _, e := range s.journey(r) {
		switch e.Data.(type) {
		case event.CodeSent, event.ProofShown, event.ProofConfirmed:
			story = append(story, e.Fact())
		}
	}
	assert.Equal(t, []event.Fact{event.FactCodeSent, event.FactProofShown, event.FactProofConfirmed}, story)

	denied := call("100043", "/my/proof/deny", func(string) url.Values { return nil })
	assert.Equal(t, "denied", denied.Variables["cs_reason"])
	assert.Equal(t, "agents XML default", denied.Destination)
	isAlarm := func(e event.Event) bool { a, is := e.Data.(event.Alarm); return is && a.Kind == event.AlarmNotCalling }
	alarm := s.await(1, isAlarm)[0]
	assert.Equal(t, denied.Variables["cs_call"], alarm.Data.(event.Alarm).Call)

	status, text := two.ask(http.MethodPost, "/v1/links", `{"customer": "C-1"}`)
	require.Equal(t, http.StatusOK, status, text)
	var made struct{ Link string }
	require.NoError(t, json.Unmarshal([]byte(text), &made))
	text, browser := visit(made.Link, "/my/erasure", url.Values{"sure": {"yes"}})
	assert.Contains(t, text, "You asked us to erase your data")
	require.Eventually(t, func() bool { // counted in the reports of this machine
		got, err := browser.Get(two.api + "/my")
		require.NoError(t, err)
		body, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		require.NoError(t, got.Body.Close())
		return strings.Contains(string(body), "You proved that it was you.")
	}, patience, 50*time.Millisecond)

	require.NotEmpty(t, secrets)
	everything := s.nodes[0].log() + two.log()
	for _, e := range s.events(func(event.Event) bool { return true }) {
		body, err := json.Marshal(e)
		require.NoError(t, err)
		everything += string(body)
	}
	for _, secret := range secrets {
		assert.NotContains(t, everything, secret)
	}
}
