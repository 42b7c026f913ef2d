package freeswitch_test

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// The line in force asks for the PIN, the draft for a code of an app.
const (
	triedLine = `format: 1
line: tried
numbers: ["5700"]
region: US
identify: [{number: {name: account, digits: 6}}]
verify: {questions: [{pin: {digits: 4}}]}
routes: {verified: menu XML default, identified: agents XML default}
`
	// editorsTelephone answers, keys the account and the code, and waits for the end.
	editorsTelephone = `
<extension name="editor"><condition field="destination_number" expression="^editor$">
<action application="ring_ready"/><action application="sleep" data="300"/><action application="answer"/>
<action application="playback" data="silence_stream://1500"/><action application="send_dtmf" data="100041#"/>
<action application="playback" data="silence_stream://9000"/><action application="send_dtmf" data="135791"/>
<action application="playback" data="silence_stream://60000"/></condition></extension>
<extension name="never"><condition field="destination_number" expression="^never$">
<action application="respond" data="486 Busy Here"/></condition></extension>`
)

// A business user has a draft ring their own telephone: it asks what the draft asks, a made-up customer is verified, no agent
// gets the call, and each of its events is marked, so that no report counts it.
func TestADraftRingsTheTelephoneOfWhoWroteIt(t *testing.T) {
	t.Parallel()
	f := startFreeSWITCH(t, options{
		Files: map[string]string{"public/91_telephones.xml": editorsTelephone},
		Directory: `<domain name="bank.example"><groups><group name="all"><users>
<user id="1003"><params><param name="dial-string" value="sofia/harness/editor@${agents_at}"/></params></user>
<user id="1004"><params><param name="dial-string" value="sofia/harness/never@${agents_at}"/></params></user>
</users></group></groups></domain>`,
	})
	f.Set(t, "agents_at", f.SIP)
	s := startService(t, serviceOptions{Line: triedLine, FreeSWITCH: f})
	events := subscribe(t, s)
	e := signIn(t, s, "ella", "--role", "business", "--agent", "1003@bank.example", "--agent", "1004@bank.example")
	draft := strings.Replace(triedLine, "{pin: {digits: 4}}", "{totp: {}}", 1)
	form := url.Values{"file": {draft}}
	for _, m := range hiddenField.FindAllStringSubmatch(e.get(t, "/lines/tried/text"), -1) {
		form.Set(m[1], m[2])
	}
	e.post(t, "/lines/tried/text", form)

	said := e.rings(t, "1003@bank.example")
	assert.Contains(t, said, "1003@bank.example rings.")
	assert.Contains(t, said, "ask-totp")
	assert.NotContains(t, said, "ask-pin")
	assert.NotContains(t, said, "135791")
	assert.Contains(t, said, "The call goes to <code>menu XML default</code>")
	var tried []event.Event
	require.True(t, await(saidWithin, func() bool {
		events.mu.Lock()
		defer events.mu.Unlock()
		tried = tried[:0]
		for _, m := range events.events {
			if m.event.Line == "tried" && m.event.Fact() != event.FactConfigChanged {
				tried = append(tried, m.event)
			}
		}
		return len(tried) > 0 && tried[len(tried)-1].Fact() == event.FactCallEnded
	}))
	last := tried[len(tried)-1].Data.(event.CallEnded)
	assert.Equal(t, event.StatusVerified, last.Status)
	for _, x := range tried {
		assert.True(t, x.Test, x.Fact())
	}
	require.True(t, await(saidWithin, func() bool { return strings.HasPrefix(f.API(t, "show channels"), "0 total") }),
		"nobody else is rung: %s", f.API(t, "show channels"))
	require.True(t, await(saidWithin, func() bool { return len(s.rows(t, "calls", "--tests")) == 1 }))
	assert.Empty(t, s.rows(t, "calls"))
	assert.EqualValues(t, 0, s.rows(t, "summary")[0]["calls"])

	said = e.rings(t, "1004@bank.example")
	assert.Contains(t, said, "The telephone was not reached: originate: FreeSWITCH says &#34;-ERR USER_BUSY")
	r, err := e.client.PostForm("http://"+s.API+"/lines/tried/try", url.Values{"ring_on": {"1001@bank.example"}})
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	assert.Equal(t, http.StatusForbidden, r.StatusCode, "somebody else's telephone")
}

// rows are those of a report.
func (s *service) rows(t testing.TB, args ...string) []map[string]any {
	t.Helper()
	var report struct{ Rows []map[string]any }
	require.NoError(t, json.Unmarshal(s.run(t, append(append([]string{"report"}, args...), "--format", "json")...), &report))
	return report.Rows
}

var hiddenField = regexp.MustCompile(`name="(revision|base)" value="([^"]*)"`)

// editor is somebody in a browser without scripts.
type editor struct {
	s      *service
	client *http.Client
}

// signIn adds a person with the command line, and signs them in by their invitation.
func signIn(t testing.TB, s *service, id string, flags ...string) *editor {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), importWithin)
	defer cancel()
	args := append([]string{"--config", s.config, "--data", s.Data, "people", "add"}, append(flags, id)...)
	out, err := exec.CommandContext(ctx, s.binary, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	e := &editor{s: s, client: &http.Client{Jar: jar}}
	link, err := url.Parse(joinLink.FindString(string(out)))
	require.NoError(t, err, "%s", out)
	const password = "four words of no sense"
	e.post(t, link.Path, url.Values{"password": {password}, "again": {password}})
	return e
}

func (e *editor) get(t testing.TB, path string) string {
	t.Helper()
	r, err := e.client.Get("http://" + e.s.API + path)
	require.NoError(t, err)
	return e.read(t, r)
}

func (e *editor) post(t testing.TB, path string, form url.Values) string {
	t.Helper()
	r, err := e.client.PostForm("http://"+e.s.API+path, form)
	require.NoError(t, err)
	return e.read(t, r)
}

func (e *editor) read(t testing.TB, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Equal(t, http.StatusOK, r.StatusCode, "%s", text)
	return string(text)
}

var triedCall = regexp.MustCompile(`data-try="([^"]+)"`)

// rings has the draft ring a telephone, and returns what the page says when the call is over.
func (e *editor) rings(t testing.TB, telephone string) (said string) {
	t.Helper()
	at := triedCall.FindStringSubmatch(e.post(t, "/lines/tried/try", url.Values{"ring_on": {telephone}}))
	require.Len(t, at, 2)
	require.True(t, await(saidWithin, func() bool {
		said = e.get(t, html.UnescapeString(at[1]))
		return strings.Contains(said, `data-over="true"`)
	}), "%s", said)
	return said
}
