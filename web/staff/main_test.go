package staff_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/internal/leaktest"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/store/audit"
	"countersign/web"
	"countersign/web/access"
	"countersign/web/apikeys"
	"countersign/web/live"
	"countersign/web/people"
	"countersign/web/staff"
	"countersign/web/walls"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const password = "four words of no sense"

// office is the screens behind a real HTTP server.
type office struct {
	t      testing.TB
	url    string
	server *httptest.Server
	book   *people.Book
	keys   *apikeys.Book
	frames *people.Frames
	live   *live.Calls
	pages  *staff.Pages
	log    *buffer
	begin  func() http.Handler // the service, as it begins

	mu      sync.Mutex
	now     time.Time
	asked   []string // calls that were asked for more proof
	askErr  error
	audited []audit.Entry
	calls   map[string][]event.Event
}

func newOffice(t testing.TB, changes ...func(*staff.Options)) *office {
	t.Helper()
	o := &office{t: t, log: &buffer{}, now: time.Now(), calls: map[string][]event.Event{}}
	state := shared.NewMemory()
	o.begin = func() http.Handler {
		o.book, o.keys, o.live = people.NewBook(state, o.clock), apikeys.NewBook(state, o.clock, nil), live.New(o.clock)
		options := o.options(state, changes)
		o.pages, o.frames = staff.New(options), options.Frames
		return web.New(web.Options{
			Staff: o.pages, Routes: o.pages.Routes(), Keys: o.keys, Frames: o.frames, Now: o.clock,
			Log: slog.New(slog.NewTextHandler(o.log, nil)),
		})
	}
	o.server = httptest.NewServer(o.begin())
	o.url = o.server.URL
	t.Cleanup(func() {
		o.server.Close()
		if t.Failed() {
			t.Log(o.log.String())
		}
	})
	return o
}

func (o *office) options(state shared.Store, changes []func(*staff.Options)) staff.Options {
	options := staff.Options{
		Book: o.book, Sessions: people.NewSessions(o.book, false), Live: o.live, StepUps: o,
		Keys:    o.keys,
		API:     web.Description,
		Walls:   walls.New(state, o.clock),
		Frames:  people.NewFrames(o.book),
		Lines:   func() []string { return []string{"orders", "retail"} },
		Journey: func(_ context.Context, call string) ([]event.Event, error) { return o.calls[call], nil },
		Audit: func(_ context.Context, e audit.Entry) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.audited = append(o.audited, e)
			return nil
		},
		Now: o.clock, Log: slog.New(slog.NewTextHandler(o.log, nil)),
	}
	for _, change := range changes {
		change(&options)
	}
	return options
}

// stop stops the service, and restart begins it at the same address: it knows what is shared between machines, and reads
// the events of the last hours again.
func (o *office) stop() {
	o.server.CloseClientConnections()
	o.server.Close()
}

func (o *office) restart() {
	o.t.Helper()
	var err error
	server := httptest.NewUnstartedServer(o.begin())
	require.NoError(o.t, server.Listener.Close())
	server.Listener, err = net.Listen("tcp", strings.TrimPrefix(o.url, "http://"))
	require.NoError(o.t, err)
	var all []event.Event
	for _, events := range o.calls {
		all = append(all, events...)
	}
	slices.SortFunc(all, func(a, b event.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Call, b.Call), a.Seq-b.Seq)
	})
	for _, e := range all {
		o.live.Saw(e)
	}
	o.server = server
	server.Start()
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

// at puts the clock to a time.
func (o *office) at(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = now
}

func (o *office) later(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

// StepUp implements staff.StepUps.
func (o *office) StepUp(_ context.Context, call string, level session.Level) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, fmt.Sprintf("%s %d", call, level))
	return o.askErr
}

// hire adds a person with a password.
func (o *office) hire(id string, change ...func(*people.Person)) people.Person {
	o.t.Helper()
	p := people.Person{ID: id, Name: "Name of " + id, Roles: []access.Role{access.Role(id)}}
	for _, c := range change {
		c(&p)
	}
	_, err := o.book.Add(o.t.Context(), p)
	require.NoError(o.t, err)
	invitation, _, err := o.book.Invite(o.t.Context(), id)
	require.NoError(o.t, err)
	p, err = o.book.Accept(o.t.Context(), invitation, password)
	require.NoError(o.t, err)
	return p
}

// browser keeps cookies and follows no redirect.
type browser struct {
	o      *office
	client *http.Client
	header http.Header
}

func (o *office) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(o.t, err)
	return &browser{o: o, header: http.Header{}, client: &http.Client{
		Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// as is a browser in which the person is signed in.
func (o *office) as(id string) *browser {
	o.t.Helper()
	b := o.browser()
	got := b.post("/sign-in", "id", id, "password", password)
	require.Equal(o.t, http.StatusSeeOther, got.status, got.text)
	return b
}

type reply struct {
	status int
	header http.Header
	text   string
}

func (b *browser) do(method, path string, form url.Values) reply {
	b.o.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.o.t.Context(), method, b.o.url+path, body)
	require.NoError(b.o.t, err)
	for name, values := range b.header {
		r.Header[name] = values
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.send(r)
}

func (b *browser) send(r *http.Request) reply {
	b.o.t.Helper()
	got, err := b.client.Do(r)
	require.NoError(b.o.t, err)
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	require.NoError(b.o.t, err)
	return reply{got.StatusCode, got.Header, string(text)}
}

func (b *browser) get(path string) reply {
	b.o.t.Helper()
	return b.do(http.MethodGet, path, nil)
}

func (b *browser) post(path string, values ...string) reply {
	b.o.t.Helper()
	form := url.Values{}
	for i := 0; i < len(values); i += 2 {
		form.Add(values[i], values[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

// happened tells the live calls of a call's events, a second apart up to now.
func (o *office) happened(call, line string, facts ...event.Data) {
	o.t.Helper()
	seq := len(o.calls[call])
	for i, d := range facts {
		e := event.Event{
			ID: event.ID(call, seq+i+1), Source: "/countersign/test", Call: call, Seq: seq + i + 1, Line: line, LineVersion: 3,
			Time: o.clock().Add(-time.Duration(len(facts)-1-i) * time.Second), Data: d,
		}
		o.calls[call] = append(o.calls[call], e)
		o.live.Saw(e)
	}
}

// Facts of a call that Ada Lovelace proved to be hers.
func verifiedCall() []event.Data {
	return []event.Data{
		event.CallStarted{Channel: "c1", CallerLast4: "0001", Attestation: "A"},
		event.StepStarted{Step: "ani"},
		event.StepFinished{Step: "ani", Result: event.StepPassed, Milliseconds: 20},
		event.Identified{Customer: "C-1001", Name: "Ada Lovelace", Method: event.MethodANI, Status: event.StatusIdentified, Level: 1},
		event.StepStarted{Step: "pin"},
		event.StepFinished{Step: "pin", Result: event.StepPassed, Milliseconds: 4000, Attempts: []event.Attempt{
			{Result: event.AttemptRejected, Milliseconds: 2000}, {Result: event.AttemptAccepted, Milliseconds: 2000},
		}},
		event.Verified{
			Customer: "C-1001", Name: "Ada Lovelace", Methods: []event.Method{event.MethodANI, event.MethodPIN},
			Status: event.StatusVerified, Level: 2, PopURL: "https://crm.example/C-1001",
		},
		event.Routed{
			Outcome: "verified", Destination: "agents XML default", Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK,
		},
		event.CallEnded{
			End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK, Customer: "C-1001",
			Methods: []event.Method{event.MethodANI, event.MethodPIN}, Milliseconds: 9000,
		},
	}
}

func offered(agent string) event.Data {
	return event.AgentOffered{Agent: agent, Queue: "support", Via: event.ViaCallcenter, Offer: 1, WaitedMilliseconds: 4000}
}

func connected(agent string) event.Data {
	return event.AgentConnected{Agent: agent, Queue: "support", Via: event.ViaCallcenter, Channel: "a1", WaitedMilliseconds: 7000}
}

// buffer is a log that can be read while it is written.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
