package webhook

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

const (
	testSecret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret = "whsec_dGhpcyBpcyBhbm90aGVyIHNlY3JldCBvZiBvdXJz"
)

// asked is a request that a system got.
type asked struct {
	*http.Request
	body []byte
}

// system is a company's system, which answers as handler does.
func system(t *testing.T, handler func(w http.ResponseWriter, r asked)) (url string, got func() []asked) {
	t.Helper()
	var mu sync.Mutex
	var all []asked
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a := asked{r, body}
		mu.Lock()
		all = append(all, a)
		mu.Unlock()
		handler(w, a)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []asked {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func newHook(t *testing.T, s Settings, o Options) *Hook {
	t.Helper()
	require.Empty(t, s.Check())
	h, err := New("crm", s, o)
	require.NoError(t, err)
	t.Cleanup(h.Close)
	return h
}

// example reads the published example of a fact.
func example(t *testing.T, f event.Fact) (e event.Event) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "session", "event", "testdata", string(f)+".json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &e))
	return e
}

func TestPlainIsTheCloudEventSignedAsStandardWebhooksHasIt(t *testing.T) {
	t.Parallel()
	at, got := system(t, func(w http.ResponseWriter, _ asked) { w.WriteHeader(http.StatusNoContent) })
	h := newHook(t, Settings{
		URL: at + "/events?from=${WHO}", Secret: testSecret + " ${NEW}", Headers: map[string]string{"X-Key": "k"},
	}, Options{Env: func(name string) (string, bool) {
		return map[string]string{"WHO": "countersign", "NEW": otherSecret}[name], true
	}})
	e := example(t, event.FactVerified)
	require.NoError(t, h.Deliver(t.Context(), e))
	r := got()[0]
	assert.Equal(t, "/events?from=countersign", r.RequestURI)
	assert.Equal(t, http.MethodPost, r.Method)
	assert.Equal(t, "application/cloudevents+json", r.Header.Get("Content-Type"))
	assert.Equal(t, "k", r.Header.Get("X-Key"))
	assert.Equal(t, e.ID, r.Header.Get("webhook-id"))
	for _, secret := range []string{testSecret, otherSecret} {
		verifier, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)
		require.NoError(t, verifier.Verify(r.body, r.Header), "either secret is good while one replaces the other")
		assert.Error(t, verifier.Verify(append(r.body, ' '), r.Header))
	}
	d := e.Data.(event.Verified)
	d.Name = ""
	e.Data = d
	assert.JSONEq(t, mustJSON(t, e), string(r.body), "the event as it is on NATS, without the name")
}

func TestNamesLeaveOnlyIfTheSettingsSaySo(t *testing.T) {
	t.Parallel()
	for _, f := range []event.Fact{event.FactIdentified, event.FactVerified} {
		for _, names := range []bool{false, true} {
			at, got := system(t, func(http.ResponseWriter, asked) {})
			h := newHook(t, Settings{URL: at, Secret: testSecret, Names: names}, Options{})
			require.NoError(t, h.Deliver(t.Context(), example(t, f)))
			assert.Equal(t, names, strings.Contains(string(got()[0].body), "Lindqvist"), "%s", f)
		}
	}
}

func TestAWebhookWantsTheFactsAndLinesOfItsSettings(t *testing.T) {
	t.Parallel()
	wants := func(s Settings, e event.Event) bool {
		s.URL, s.Secret = "https://crm.example/", testSecret
		return newHook(t, s, Options{}).Wants(e)
	}
	verified, routed := example(t, event.FactVerified), example(t, event.FactRouted)
	assert.True(t, wants(Settings{}, verified))
	assert.False(t, wants(Settings{}, routed))
	assert.True(t, wants(Settings{Facts: []string{"*"}}, routed))
	assert.True(t, wants(Settings{Facts: []string{"routed"}}, routed))
	assert.False(t, wants(Settings{Facts: []string{"routed"}}, verified))
	assert.True(t, wants(Settings{Lines: []string{"retail"}}, verified))
	assert.False(t, wants(Settings{Lines: []string{"private"}}, verified))
	verified.Replay = "once-more"
	assert.False(t, wants(Settings{Facts: []string{"*"}}, verified), "a replay is an old call")
}

func TestEveryAnswerButTwoHundredIsAFailure(t *testing.T) {
	t.Parallel()
	for _, status := range []int{302, 400, 401, 404, 410, 429, 500, 503} {
		at, _ := system(t, func(w http.ResponseWriter, _ asked) { w.WriteHeader(status) })
		h := newHook(t, Settings{URL: at + "/secret-path", Secret: testSecret}, Options{})
		err := h.Deliver(t.Context(), example(t, event.FactFailed))
		require.ErrorContains(t, err, strconv.Itoa(status))
		assert.NotContains(t, err.Error(), "secret-path", "a URL may hold a token")
	}
	h := newHook(t, Settings{URL: "http://127.0.0.1:1/", Secret: testSecret}, Options{})
	require.ErrorContains(t, h.Deliver(t.Context(), example(t, event.FactFailed)), "connection refused")
}

func TestSettingsThatCannotWorkAreNamed(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]Settings{
		"url is missing":              {Secret: testSecret},
		"secret is missing":           {URL: "https://a.example"},
		`dialect is "html"`:           {URL: "https://a.example", Dialect: "html"},
		`facts has "weather_changed"`: {URL: "https://a.example", Secret: testSecret, Facts: []string{"weather_changed"}},
		"facts has no meaning":        {URL: "https://a.example", Dialect: Zammad, Facts: []string{"routed"}},
		"both set":                    {URL: "https://a.example", Secret: testSecret, SecretFile: "x"},
		"inbox is for":                {URL: "https://a.example", Secret: testSecret, Inbox: 7},
		"timeout is 1m0s":             {URL: "https://a.example", Secret: testSecret, Timeout: time.Minute},
	} {
		errs := s.Check()
		require.NotEmpty(t, errs, want)
		assert.ErrorContains(t, errs[0], want)
	}
	for want, s := range map[string]Settings{
		"it must be a URL":      {URL: "crm.example", Secret: testSecret},
		"variable NOBODY":       {URL: "https://a.example/${NOBODY}", Secret: testSecret},
		"url: write a variable": {URL: "https://a.example/${NOBODY", Secret: testSecret},
		"whsec_ and the base64": {URL: "https://a.example", Secret: "hunter2"},
		"secret_file":           {URL: "https://a.example", SecretFile: "/nowhere"},
	} {
		_, err := New("crm", s, Options{Env: func(string) (string, bool) { return "", false }})
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "hunter2")
	}
	require.Error(t, CheckName("CRM"))
	require.NoError(t, CheckName("crm-2"))
}

func TestASecretCanBeInAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(testSecret+"\n"), 0o600))
	at, got := system(t, func(http.ResponseWriter, asked) {})
	h := newHook(t, Settings{URL: at, SecretFile: file}, Options{})
	require.NoError(t, h.Test(t.Context()))
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(testSecret, "whsec_"))
	require.NoError(t, err)
	verifier, err := standardwebhooks.NewWebhookRaw(key)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(got()[0].body, got()[0].Header))
	var e event.Event
	require.NoError(t, json.Unmarshal(got()[0].body, &e))
	assert.NotEmpty(t, e.Replay, "a test is marked, so that nobody counts it")
}

// zammadServer answers as Zammad's generic CTI does: 401 for a wrong token, 422 with a message for what it cannot use.
func zammadServer(t *testing.T) (at string, forms func() []url.Values) {
	t.Helper()
	var mu sync.Mutex
	known := map[string]bool{}
	at, got := system(t, func(w http.ResponseWriter, r asked) {
		form, err := url.ParseQuery(string(r.body))
		fail := func(status int, text string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": text})
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.URL.Path != "/api/v1/cti/token-1":
			fail(http.StatusUnauthorized, "Invalid token, please contact your admin!")
			return
		case err != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded",
			form.Get("direction") != "in" || form.Get("from") == "" || form.Get("to") == "" || form.Get("callId") == "":
			fail(http.StatusUnprocessableEntity, "Invalid direction!")
			return
		}
		switch form.Get("event") {
		case "newCall":
			if known[form.Get("callId")] {
				fail(http.StatusUnprocessableEntity, "call_id "+form.Get("callId")+" already exists!")
				return
			}
			known[form.Get("callId")] = true
		case "answer", "hangup":
			if !known[form.Get("callId")] {
				fail(http.StatusUnprocessableEntity, "No such call_id "+form.Get("callId"))
				return
			}
		default:
			fail(http.StatusUnprocessableEntity, "Unknown event "+form.Get("event"))
			return
		}
		_, _ = w.Write([]byte("{}"))
	})
	return at, func() (all []url.Values) {
		for _, r := range got() {
			form, _ := url.ParseQuery(string(r.body))
			all = append(all, form)
		}
		return all
	}
}

func TestZammadIsToldOfACallAtAnAgent(t *testing.T) {
	t.Parallel()
	at, forms := zammadServer(t)
	h := newHook(t, Settings{URL: at + "/api/v1/cti/${TOKEN}", Dialect: Zammad, Names: true}, Options{
		Env:      func(string) (string, bool) { return "token-1", true },
		Customer: func(context.Context, string) (string, error) { return "C-100042", nil },
		Phones: func(_ context.Context, customer string) ([]string, error) {
			return map[string][]string{"C-100042": {"+493055571600", "+491711234567"}}[customer], nil
		},
	})
	offered := example(t, event.FactAgentOffered)
	again := offered.Data.(event.AgentOffered)
	first := again
	first.Offer, again.Offer = 1, 2
	offered.Data = first
	second := offered
	second.Data = again
	for _, e := range []event.Event{
		offered, second, example(t, event.FactAgentConnected), example(t, event.FactAgentDone),
	} {
		require.True(t, h.Wants(e))
		require.NoError(t, h.Deliver(t.Context(), e))
	}
	common := func(more url.Values) url.Values {
		more.Set("callId", offered.Call)
		more.Set("from", "493055571600")
		more.Set("to", "retail")
		more.Set("direction", "in")
		return more
	}
	agent := extension(first.Agent)
	assert.Equal(t, []url.Values{
		common(url.Values{"event": {"newCall"}, "queue": {"retail"}, "user[]": {agent}}),
		common(url.Values{"event": {"answer"}, "answeringNumber": {"1004"}, "user[]": {"1004"}}),
		common(url.Values{"event": {"hangup"}, "answeringNumber": {"1004"}, "cause": {"normalClearing"}}),
	}, forms())
}

func TestZammadGetsNoNumberUnlessItMay(t *testing.T) {
	t.Parallel()
	at, forms := zammadServer(t)
	h := newHook(t, Settings{URL: at + "/api/v1/cti/token-1", Dialect: Zammad}, Options{
		Customer: func(context.Context, string) (string, error) { return "C-100042", nil },
		Phones:   func(context.Context, string) ([]string, error) { return []string{"+493055571600"}, nil },
	})
	e := example(t, event.FactAgentOffered)
	e.Data = event.AgentOffered{Agent: "1001", Via: event.ViaBridge, Offer: 1}
	require.NoError(t, h.Deliver(t.Context(), e))
	assert.Equal(t, "anonymous", forms()[0].Get("from"))
	require.NoError(t, h.Deliver(t.Context(), e), "twice is once")
}

func TestZammadNeedNotKnowACallWhoseCallerGaveUp(t *testing.T) {
	t.Parallel()
	at, _ := zammadServer(t)
	h := newHook(t, Settings{URL: at + "/api/v1/cti/token-1", Dialect: Zammad}, Options{})
	e := example(t, event.FactAgentDone)
	e.Data = event.AgentDone{Via: event.ViaBridge, End: event.AgentEndAbandoned}
	require.NoError(t, h.Deliver(t.Context(), e))
	require.NoError(t, h.Test(t.Context()))
	wrong := newHook(t, Settings{URL: at + "/api/v1/cti/token-2", Dialect: Zammad}, Options{})
	require.ErrorContains(t, wrong.Test(t.Context()), "status 401: check secret, headers and url")
}

// chatwootServer answers as Chatwoot's application API does, with one contact.
func chatwootServer(t *testing.T) (at string, contacts func() map[int]map[string]any) {
	t.Helper()
	var mu sync.Mutex
	all := map[int]map[string]any{4: {"id": 4, "identifier": "C-100042", "name": "Maria L."}}
	at, _ = system(t, func(w http.ResponseWriter, r asked) {
		mu.Lock()
		defer mu.Unlock()
		var in map[string]any
		if json.Unmarshal(r.body, &in) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		path, ours := strings.CutPrefix(r.URL.Path, "/api/v1/accounts/3/contacts")
		switch id, err := strconv.Atoi(strings.TrimPrefix(path, "/")); {
		case r.Header.Get("api_access_token") != "token-1":
			w.WriteHeader(http.StatusUnauthorized)
		case !ours:
			w.WriteHeader(http.StatusNotFound)
		case r.Method == http.MethodPost && path == "/filter":
			condition := in["payload"].([]any)[0].(map[string]any)
			var found []map[string]any
			for _, c := range all {
				if strings.EqualFold(c["identifier"].(string), condition["values"].([]any)[0].(string)) {
					found = append(found, c)
				}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"meta": map[string]any{"count": len(found)}, "payload": append([]map[string]any{}, found...)})
		case r.Method == http.MethodPost && path == "":
			all[len(all)+4] = in
			_ = json.NewEncoder(w).Encode(map[string]any{"payload": map[string]any{"contact": in}})
		case r.Method == http.MethodPut && err == nil && all[id] != nil:
			all[id]["custom_attributes"] = in["custom_attributes"]
			_ = json.NewEncoder(w).Encode(map[string]any{"payload": all[id]})
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	return at, func() map[int]map[string]any {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func TestChatwootSeesOnTheContactWhatIsProven(t *testing.T) {
	t.Parallel()
	at, contacts := chatwootServer(t)
	s := Settings{
		URL: at + "/api/v1/accounts/3", Dialect: Chatwoot, Headers: map[string]string{"api_access_token": "token-1"},
	}
	h := newHook(t, s, Options{})
	require.NoError(t, h.Test(t.Context()))
	require.NoError(t, h.Deliver(t.Context(), example(t, event.FactVerified)))
	require.NoError(t, h.Deliver(t.Context(), example(t, event.FactVerified)), "twice is once")
	known := contacts()[4]
	assert.Equal(t, map[string]any{
		"countersign_status": "verified", "countersign_level": 2.0, "countersign_methods": "account, pin",
		"countersign_reason": "", "countersign_call": "019a9c2e-6f00-7c3a-9d41-5b2f8e7a1c04",
		"countersign_time": "2025-11-19T09:41:26Z",
	}, known["custom_attributes"])
	assert.Equal(t, "Maria L.", known["name"])

	late := example(t, event.FactFailed)
	d := late.Data.(event.Failed)
	d.Customer = "C-100042"
	late.Data = d
	for _, after := range []time.Duration{-time.Hour, 0, time.Second} { // of the call that was verified
		late.Time = example(t, event.FactVerified).Time.Add(after)
		require.NoError(t, h.Deliver(t.Context(), late))
		want := "verified"
		if after >= 0 {
			want = string(d.Status)
		}
		assert.Equal(t, want, known["custom_attributes"].(map[string]any)["countersign_status"], after)
	}

	stranger := example(t, event.FactFailed)
	d.Customer = "c-100042" // another customer, however Chatwoot compares
	stranger.Data = d
	require.NoError(t, h.Deliver(t.Context(), stranger))
	assert.Len(t, contacts(), 1, "without an inbox nobody is created")
	s.Inbox = 7
	require.NoError(t, newHook(t, s, Options{}).Deliver(t.Context(), stranger))
	require.Len(t, contacts(), 2)
	assert.Equal(t, "c-100042", contacts()[5]["identifier"])
	assert.EqualValues(t, 7, contacts()[5]["inbox_id"])

	s.Headers = nil
	require.ErrorContains(t, newHook(t, s, Options{}).Test(t.Context()), "status 401")
}
