package freeswitch_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/callback"
	"countersign/internal/browsertest"
	"countersign/session/event"
)

const (
	// callbackPhones are the telephones: a customer who presses 1, one who takes their time to answer, a mailbox, and an agent.
	callbackPhones = `
<extension name="customer"><condition field="destination_number" expression="^c12025550142$">
<action application="ring_ready"/><action application="sleep" data="1500"/><action application="answer"/>
<action application="playback" data="silence_stream://2500"/><action application="send_dtmf" data="1"/>
<action application="playback" data="silence_stream://60000"/></condition></extension>
<extension name="queue"><condition field="destination_number" expression="^way$">
<action application="set" data="cc_exit_keys=2"/><action application="set" data="cs_queue_again=agents XML default"/>
<action application="callcenter" data="support"/><action application="transfer" data="countersign-callback-keep XML countersign"/>
</condition></extension>
<extension name="mailbox"><condition field="destination_number" expression="^c12025550143$">
<action application="answer"/><action application="playback" data="silence_stream://60000"/></condition></extension>
<extension name="agent"><condition field="destination_number" expression="^callback-agent$">
<action application="ring_ready"/><action application="sleep" data="500"/><action application="answer"/>
<action application="playback" data="silence_stream://120000"/></condition></extension>`
	callbackUsers = `<domain name="bank.example"><groups><group name="all"><users>
<user id="1003"><params><param name="dial-string" value="sofia/harness/callback-agent@${agents_at}"/></params></user>
</users></group></groups></domain>`
	callbackWord = "Ananas77"
)

// callbackSite is a company that calls back.
type callbackSite struct {
	*freeSWITCH
	*service
	metrics string // where they are
}

func startCallbackSite(t *testing.T) *callbackSite {
	t.Helper()
	return startCallbackSiteOn(t, identifyingLine)
}

func startCallbackSiteOn(t *testing.T, line string) *callbackSite {
	t.Helper()
	f := startFreeSWITCH(t, options{
		Modules: []string{"mod_callcenter"}, Configuration: deskQueue,
		Files: map[string]string{"public/91_telephones.xml": callbackPhones + extraDialplan["public/90_ways.xml"]}, Directory: callbackUsers,
	})
	f.Set(t, "agents_at", f.SIP)
	s := &callbackSite{freeSWITCH: f, metrics: fmt.Sprintf("127.0.0.1:%d", freePort(t))}
	s.service = startService(t, serviceOptions{
		FreeSWITCH: f, Line: line,
		Customers: []customer{
			{ID: "B-1", Name: "Ada Lovelace", Phones: "+12025550142", Account: "200040", PIN: "246813"},
			{ID: "B-2", Name: "Grace Hopper", Phones: "+12025550143", Account: "200041", PIN: "246814"},
		},
		Settings: "wallboard: {queues: {support: {}}}\nmetrics: {listen: " + s.metrics + "}\n" + fmt.Sprintf("callbacks: {dial: \"sofia/harness/c{digits}@%s\", hours: {tz: UTC, open: \"00:00-24:00\"}}\n", f.SIP),
	})
	s.allow(t, "callbacks")
	return s
}

// allow gives the key another scope.
func (s *callbackSite) allow(t testing.TB, scope string) {
	t.Helper()
	s.Key = strings.TrimSpace(string(s.run(t, "keys", "add", "--scope", scope, "callbacks")))
}

// book books a callback at once, and returns its id.
func (s *callbackSite) book(t testing.TB, customer string) string {
	t.Helper()
	status, body := s.ask(t, "POST", "/v1/callbacks",
		fmt.Sprintf(`{"customer":%q,"line":"default","soon":true,"subject":"my order","word":%q}`, customer, callbackWord))
	require.Equal(t, http.StatusCreated, status, body)
	var made struct{ Callback string }
	require.NoError(t, json.Unmarshal([]byte(body), &made))
	return made.Callback
}

type shownCallback struct {
	State    callback.State
	Outcome  event.CallbackOutcome
	HasWord  bool `json:"has_word"`
	Attempts []struct{ Outcome event.CallbackOutcome }
}

func (s *callbackSite) look(t testing.TB, id string) (c shownCallback) {
	t.Helper()
	status, body := s.ask(t, "GET", "/v1/callbacks/"+id, "")
	require.Equal(t, http.StatusOK, status, body)
	require.NoError(t, json.Unmarshal([]byte(body), &c))
	return c
}

// calling is what the customer's app is told: red, or green with the agent's first name, the subject and the word.
func (s *callbackSite) calling(t testing.TB, customer string) string {
	t.Helper()
	status, body := s.ask(t, "GET", "/v1/calling?customer="+customer, "")
	require.Equal(t, http.StatusOK, status, body)
	var c struct {
		Calling              bool
		State                callback.State
		Agent, Subject, Word string
	}
	require.NoError(t, json.Unmarshal([]byte(body), &c))
	if !c.Calling {
		return "red"
	}
	return fmt.Sprint("green ", c.State, " ", c.Agent, " ", c.Subject, " ", c.Word)
}

func (s *callbackSite) awaits(t testing.TB, id string, want callback.State) {
	t.Helper()
	var c shownCallback
	require.True(t, await(agentsWithin, func() bool { c = s.look(t, id); return c.State == want }), "%s, not %s", c.State, want)
}

// A customer is called back: the agent takes it on their screen, sees the word only then, and says it when the customer has
// pressed a key. "Is this you calling?" is green from when it rings to the end, and at no other time.
func TestACustomerIsCalledBack(t *testing.T) {
	t.Parallel()
	s := startCallbackSite(t)
	events := subscribe(t, s.service)
	desk := openDesk(t, s.service, "Amara", "1003@bank.example")
	assert.Equal(t, "red", s.calling(t, "B-1"))
	phone := s.opensPage(t, "B-1")
	phone.await(`document.querySelector(".calling")?.dataset.state == "nobody"`)
	require.NoError(t, chromedp.Do(phone.ctx,
		chromedp.SendKeys(chromedp.ID("callback-subject"), "my order"), chromedp.SendKeys(chromedp.ID("callback-word"), callbackWord+"\r")))
	phone.await(`document.querySelector("[data-callback]")`)
	id, err := chromedp.Run(phone.ctx, chromedp.Evaluate[string](`document.querySelector("[data-callback]").dataset.callback`))
	require.NoError(t, err)
	assert.NotContains(t, phone.text("body"), callbackWord)
	desk.await(`document.querySelector('[data-callback][data-state="due"]')`)
	listed := string(s.run(t, "callbacks", "list", "--json"))
	assert.Contains(t, listed, id)
	assert.NotContains(t, listed, callbackWord)
	assert.NotContains(t, listed, "2025550142")
	assert.Contains(t, desk.text(`[data-state="due"]`), "my order")
	assert.NotContains(t, desk.text("body"), callbackWord)
	assert.Equal(t, "red", s.calling(t, "B-1"))

	require.NoError(t, chromedp.Do(desk.ctx, chromedp.Click(chromedp.ID("take-"+id))))
	desk.await(`document.querySelector('[data-word]')?.textContent == "` + callbackWord + `"`)
	assert.Contains(t, desk.text("body"), "Do not say the word yet")
	require.True(t, await(agentsWithin, func() bool {
		return s.calling(t, "B-1") == "green ringing Amara my order "+callbackWord
	}), s.calling(t, "B-1"))
	phone.await(`document.querySelector(".calling").dataset.state == "we_call"`)
	assert.Contains(t, phone.text(".calling"), "Amara")
	assert.Contains(t, phone.text(".calling"), callbackWord)
	s.awaits(t, id, callback.Talking)
	desk.await(`document.body.textContent.includes("Say the word now")`)
	assert.Equal(t, "green talking Amara my order "+callbackWord, s.calling(t, "B-1"))
	assert.Equal(t, "red", s.calling(t, "B-2"), "whoever rings others is not us")
	var channel string
	require.True(t, await(agentsWithin, func() bool { channel = s.customersChannel(t); return channel != "" }))
	require.True(t, await(agentsWithin, func() bool {
		return len(strings.TrimSpace(s.freeSWITCH.API(t, "uuid_getvar "+channel+" signal_bond"))) == 36
	}), "they are connected")
	s.freeSWITCH.API(t, "uuid_kill "+channel)
	s.awaits(t, id, callback.Done)
	assert.Equal(t, "red", s.calling(t, "B-1"))
	phone.await(`document.querySelector(".calling").dataset.state == "nobody"`)
	assert.NotContains(t, phone.text("html"), callbackWord)
	// A forged call: somebody rings the customer's telephone, and it is not us.
	s.freeSWITCH.API(t, "originate {originate_timeout=5}sofia/harness/c12025550142@"+s.SIP+" &park()")
	assert.Equal(t, "red", s.calling(t, "B-1"))
	assert.Equal(t, "nobody", phone.state(".calling"))
	s.freeSWITCH.API(t, "hupall")
	c := s.look(t, id)
	assert.Equal(t, event.CallbackTalked, c.Outcome)
	assert.False(t, c.HasWord)
	desk.await(`!document.querySelector('[data-callback]')`)
	require.True(t, await(agentsWithin, func() bool { return strings.HasPrefix(s.freeSWITCH.API(t, "show channels"), "0 total") }),
		"%s", s.freeSWITCH.API(t, "show channels"))
	s.findsNowhere(t, callbackWord, events)
	s.findsNowhere(t, phone.link, events)
	history, err := chromedp.Call(phone.ctx, page.GetNavigationHistory, cdp.Empty{})
	require.NoError(t, err)
	for _, visited := range history.Entries {
		assert.NotContains(t, visited.URL, phone.link, "the browser's history")
	}
}

// findsNowhere looks for a secret in what FreeSWITCH and the service wrote, in all events and in the metrics.
func (s *callbackSite) findsNowhere(t testing.TB, secret string, events *published) {
	t.Helper()
	require.NotEmpty(t, secret)
	assert.NotContains(t, s.Log(t), secret)
	for name, body := range s.Written(t) {
		assert.NotContains(t, string(body), secret, name)
	}
	require.NoError(t, filepath.WalkDir(s.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // files of SQLite come and go
		}
		if body, err := os.ReadFile(path); err == nil {
			assert.NotContains(t, string(body), secret, path)
		}
		return nil
	}))
	events.mu.Lock()
	defer events.mu.Unlock()
	require.NotEmpty(t, events.events)
	for _, e := range events.events {
		assert.NotContains(t, string(e.Data), secret, e.Subject)
	}
	r, err := http.Get("http://" + s.metrics + "/metrics")
	require.NoError(t, err)
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), "countersign_")
	assert.NotContains(t, string(body), secret)
}

// opensPage opens the customer's page in a browser, by a link that a program made.
func (s *callbackSite) opensPage(t testing.TB, customer string) *customersPage {
	t.Helper()
	key := s.Key
	s.Key = strings.TrimSpace(string(s.run(t, "keys", "add", "--scope", "customers", "links")))
	status, body := s.ask(t, "POST", "/v1/links", fmt.Sprintf(`{"customer":%q}`, customer))
	s.Key = key
	require.Equal(t, http.StatusOK, status, body)
	var made struct{ Link string }
	require.NoError(t, json.Unmarshal([]byte(body), &made))
	p := &customersPage{screen: &screen{t: t, ctx: browsertest.Start(t)}, link: made.Link[strings.LastIndexByte(made.Link, '/')+1:]}
	require.NoError(t, chromedp.Do(p.ctx, chromedp.Navigate(made.Link), chromedp.Click(chromedp.CSS("button.main"))))
	p.await(`location.pathname == "/my"`)
	return p
}

// customersPage is a customer's page in a browser, and the secret of the link that opened it.
type customersPage struct {
	*screen
	link string
}

// state is the data-state of an element.
func (d *screen) state(selector string) string {
	d.t.Helper()
	got, err := chromedp.Run(d.ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).dataset.state`, selector)))
	require.NoError(d.t, err)
	return got
}

// A mailbox answers: nobody is connected with it, and the callback is tried again later.
func TestAMailboxIsNotConnected(t *testing.T) {
	t.Parallel()
	s := startCallbackSite(t)
	e := signIn(t, s.service, "amara", "--role", "agent", "--agent", "1003@bank.example")
	id := s.book(t, "B-2")
	s.awaits(t, id, callback.Due)
	e.post(t, "/desk/callbacks/"+id+"/take", nil)
	require.True(t, await(time.Minute, func() bool { return len(s.look(t, id).Attempts) == 1 }))
	c := s.look(t, id)
	assert.Equal(t, event.CallbackNoKey, c.Attempts[0].Outcome)
	assert.Equal(t, callback.Booked, c.State)
	require.True(t, await(agentsWithin, func() bool { return strings.HasPrefix(s.freeSWITCH.API(t, "show channels"), "0 total") }))
}

// customersChannel is the channel that rings or talks to the customer, or "".
func (s *callbackSite) customersChannel(t testing.TB) string {
	t.Helper()
	for line := range strings.SplitSeq(s.freeSWITCH.API(t, "show channels"), "\n") {
		fields := strings.Split(line, ",")
		if len(fields) > 7 && fields[1] == "outbound" && strings.Contains(line, "/c1202") {
			return fields[0]
		}
	}
	return ""
}

// The service is killed while a customer is called, in each state, and started again: no telephone rings twice, the callback
// comes to its end, and the word is gone.
func TestACallbackOutlivesTheServiceInEachState(t *testing.T) {
	t.Parallel()
	s := startCallbackSite(t)
	e := signIn(t, s.service, "amara", "--role", "agent", "--agent", "1003@bank.example")
	for _, state := range []callback.State{callback.Due, callback.Taken, callback.Ringing, callback.Talking} {
		t.Run(string(state), func(t *testing.T) {
			rings := s.rings(t)
			id := s.book(t, "B-1")
			s.awaits(t, id, callback.Due)
			if state != callback.Due {
				e.post(t, "/desk/callbacks/"+id+"/take", nil)
				s.awaits(t, id, state)
			}
			if state == callback.Ringing { // before that nobody could know, and the agent would be asked
				require.True(t, await(agentsWithin, func() bool { return s.rings(t) == rings+1 }))
			}
			s.Kill(t)
			s.Start(t)
			require.True(t, await(agentsWithin, func() bool {
				status, _ := s.ask(t, "GET", "/v1/callbacks/"+id, "")
				return status == http.StatusOK
			}))
			if state == callback.Due || state == callback.Taken {
				s.awaits(t, id, callback.Due)
				require.Equal(t, rings, s.rings(t), "the customer was not rung")
				e.post(t, "/desk/callbacks/"+id+"/take", nil)
			}
			s.awaits(t, id, callback.Talking)
			s.freeSWITCH.API(t, "uuid_kill "+s.customersChannel(t))
			s.awaits(t, id, callback.Done)
			assert.Equal(t, rings+1, s.rings(t), "rung once")
			assert.False(t, s.look(t, id).HasWord)
			require.True(t, await(agentsWithin, func() bool { return strings.HasPrefix(s.freeSWITCH.API(t, "show channels"), "0 total") }))
		})
	}
}

// rings counts how often a customer's telephone rang.
func (s *callbackSite) rings(t testing.TB) int {
	t.Helper()
	return bytes.Count(s.Written(t)[filepath.Join(s.LogDir, "freeswitch.log")], []byte("New Channel sofia/harness/c12025550142@"))
}

// A caller in a queue presses 2, hears that they keep their place, and is called back when nobody is ahead of them any more.
func TestACallerInAQueueKeepsTheirPlace(t *testing.T) {
	t.Parallel()
	needSIPp(t)
	s := startCallbackSite(t)
	ahead := callWithSIPp(t, s.freeSWITCH, dial{From: "+12025550143", To: s.Number(2 * time.Minute)})
	ahead.AwaitAt(t, "public", "way", agentsWithin)
	c := callWithSIPp(t, s.freeSWITCH, dial{From: "+12025550142", To: s.Number(2 * time.Minute)})
	c.AwaitAt(t, "public", "way", agentsWithin)
	require.True(t, await(agentsWithin, func() bool {
		return strings.Count(s.freeSWITCH.API(t, "callcenter_config queue list members support"), "|Waiting|") == 2
	}))
	c.Press("2")
	c.AwaitOver(t, agentsWithin)
	open := func() (all []shownCallback) {
		status, body := s.ask(t, "GET", "/v1/callbacks?customer=B-1", "")
		require.Equal(t, http.StatusOK, status, body)
		var list struct{ Callbacks []shownCallback }
		require.NoError(t, json.Unmarshal([]byte(body), &list))
		return list.Callbacks
	}
	require.True(t, await(agentsWithin, func() bool { return len(open()) == 1 }))
	assert.Equal(t, callback.Booked, open()[0].State, "somebody is ahead")
	ahead.HangUp()
	require.True(t, await(agentsWithin, func() bool { return open()[0].State == callback.Due }), "it is their turn")
}

// verifyingLine sends verified callers to the queue, and lets them go on from there on their page.
const verifyingLine = `format: 1
line: default
numbers: ["*"]
region: US
identify: [{ani: {}}]
verify: {questions: [{pin: {digits: 6}}]}
on_page: [{title: {en: To the menu}, to: menu XML default}]
routes: {verified: way XML public, identified: agents XML default}
`

// A verified caller waits in a queue, and goes on to self-service on their page: nobody asks them again.
func TestACallerGoesOnOnTheirPage(t *testing.T) {
	t.Parallel()
	needSIPp(t)
	s := startCallbackSiteOn(t, verifyingLine)
	c := callWithSIPp(t, s.freeSWITCH, dial{From: "+12025550142", To: s.Number(2 * time.Minute)})
	c.AwaitAsked(t, "ask-pin", 1, askedWithin)
	c.Press("246813#")
	c.AwaitAt(t, "public", "way", saidWithin)
	phone := s.opensPage(t, "B-1")
	require.True(t, await(agentsWithin, func() bool {
		require.NoError(t, chromedp.Do(phone.ctx, chromedp.Navigate("http://"+s.service.API+"/my")))
		return strings.Contains(phone.text("main"), "You are on the line with us: choose")
	}), "%s", phone.text("main"))
	assert.Equal(t, "you_call", phone.state(".calling"))
	require.NoError(t, chromedp.Do(phone.ctx, chromedp.Click(chromedp.CSS(`form[action="/my/choices"] button`))))
	phone.await(`document.body.textContent.includes("Please go on with your call")`)
	c.AwaitAt(t, "default", "menu", saidWithin)
	c.HangUp()
}
