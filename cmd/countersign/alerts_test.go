package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// alwaysCallsBack calls customers back at any time, through a FreeSWITCH that is away.
const alwaysCallsBack = `
freeswitch: [{address: "127.0.0.1:1", password: away}]
callbacks: {dial: "sofia/gateway/trunk/{digits}", hours: {tz: UTC, open: "Mo-Su 00:00-24:00"}}
`

// Ordered on one machine, and answered on the page of the other. The link and the word are in no log and no event.
func TestAnAlertBecomesACallback(t *testing.T) {
	t.Parallel()
	texts := make(chan string, 10)
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m struct{ Text string }
		if assert.NoError(t, json.NewDecoder(r.Body).Decode(&m)) {
			texts <- m.Text
		}
	}))
	t.Cleanup(gateway.Close)
	s := newSite(t, 2, "id,phones,account,pin\nC-1,+15551230001,100042,862914\nC-2,+12025550123,100043,862914\n",
		alwaysCallsBack+`
sms: {url: "`+gateway.URL+`/messages", body: '{"to": "{{.To}}", "text": "{{.Text}}"}'}
`)
	one, two := s.nodes[0], s.nodes[1]
	status, text := one.ask(http.MethodPost, "/v1/alerts",
		`{"customers": ["C-2", "C-9"], "line": "default", "subject": "your new card"}`)
	require.Equal(t, http.StatusOK, status, text)
	var ordered struct {
		Alerts []struct{ Customer, Alert, Refused string }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &ordered))
	require.Len(t, ordered.Alerts, 2)
	id := ordered.Alerts[0].Alert
	require.NotEmpty(t, id, text)
	assert.Equal(t, "unknown", ordered.Alerts[1].Refused)
	s.await(1, is[event.AlertSent]("default"))
	message := <-texts
	assert.NotContains(t, message, "new card")
	link, err := url.Parse(message[strings.Index(message, "http"):])
	require.NoError(t, err)

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, Timeout: patience}
	read := func(got *http.Response, err error) string {
		require.NoError(t, err)
		defer func() { _ = got.Body.Close() }()
		body, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode, string(body))
		return string(body)
	}
	read(browser.Get(two.api + link.Path))
	require.Contains(t, read(browser.PostForm(two.api+"/my/open", nil)), "your new card")
	page := read(browser.PostForm(two.api+"/my/alerts/"+id,
		url.Values{"what": {"callback"}, "from": {"soon"}, "word": {"Ananas7"}}))
	assert.Contains(t, page, "data-callback=")
	answered := s.await(1, is[event.AlertAnswered]("default"))[0].Data.(event.AlertAnswered)
	assert.Equal(t, event.AlertTalks, answered.Answer)
	booked := s.await(1, is[event.CallbackBooked]("default"))[0].Data.(event.CallbackBooked)
	assert.Equal(t, answered.Callback, booked.ID)
	assert.Empty(t, texts, "one message, of two machines")

	everything := one.log() + two.log()
	for _, e := range s.events(func(event.Event) bool { return true }) {
		body, err := json.Marshal(e)
		require.NoError(t, err)
		everything += string(body)
	}
	for _, secret := range []string{path.Base(link.Path), "Ananas7", "your new card"} {
		assert.NotContains(t, everything, secret)
	}
}

// The sample app does against a real service what its page asks for.
func TestTheSampleApp(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "app")
	built, err := exec.Command("go", "build", "-o", program, "../../scripts/app").CombinedOutput()
	require.NoError(t, err, string(built))
	s := newSite(t, 1, "id,phones,account,pin\nC-2,+12025550123,100043,862914\n", alwaysCallsBack)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	app := exec.Command(program)
	app.Env = append(os.Environ(), "COUNTERSIGN_URL="+s.nodes[0].api, "COUNTERSIGN_KEY="+apiKey, "LISTEN="+address)
	require.NoError(t, app.Start())
	t.Cleanup(func() { _ = app.Process.Kill(); _ = app.Wait() })
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar, Timeout: patience}
	require.Eventually(t, func() bool {
		got, err := browser.PostForm("http://"+address+"/sign-in", url.Values{"customer": {"C-2"}})
		if err == nil {
			_ = got.Body.Close()
		}
		return err == nil
	}, patience, 20*time.Millisecond)
	do := func(method, path, body string) map[string]any {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+"/api/"+path, strings.NewReader(body))
		require.NoError(t, err)
		got, err := browser.Do(r)
		require.NoError(t, err)
		defer func() { _ = got.Body.Close() }()
		text, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		require.Less(t, got.StatusCode, 300, string(text))
		var answer map[string]any
		require.NoError(t, json.Unmarshal(text, &answer))
		return answer
	}
	assert.NotEmpty(t, do("POST", "token", `{"line": "default"}`)["token"])
	assert.NotEmpty(t, do("GET", "windows?line=default", "")["windows"])
	assert.Equal(t, false, do("GET", "calling", "")["calling"])
	booked := do("POST", "callbacks", `{"line": "default", "subject": "my order", "word": "Ananas7", "soon": true}`)
	assert.Equal(t, "C-2", booked["customer"])
	assert.Len(t, do("GET", "callbacks", "")["callbacks"], 1)
	assert.Empty(t, do("GET", "alerts", "")["alerts"])
	assert.Equal(t, true, do("PUT", "alerts-opt-out", `{"opted_out": true}`)["opted_out"])
	assert.NotEmpty(t, do("GET", "alerts", "")["opted_out_since"])
}
