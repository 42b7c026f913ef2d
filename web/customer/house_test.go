package customer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/callback"
	"countersign/session"
	"countersign/session/applink"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/session/token"
	"countersign/web/asset"
)

// house is a company with customers' pages, whose clock the test sets.
type house struct {
	*httptest.Server
	t      testing.TB
	store  *unreliable
	page   *Page
	links  *Links
	book   *applink.Book
	tokens *token.Issuer
	ahead  atomic.Int64

	mu        sync.Mutex
	known     map[string]session.Known
	alarms    []applink.Question
	audited   []string
	messages  []string
	log       strings.Builder
	gone      bool
	callsErr  error
	impostors []string
	onLine    bool
	callbacks *callback.Book
	busy      bool
	moved     []string
}

// unreliable is a store that can be away.
type unreliable struct {
	*shared.Memory
	away atomic.Bool
}

func (u *unreliable) Get(ctx context.Context, key string) ([]byte, uint64, error) {
	if u.away.Load() {
		return nil, 0, errors.New("away")
	}
	return u.Memory.Get(ctx, key)
}

// locked is a writer that the log and the test share.
type locked struct{ h *house }

func (l locked) Write(b []byte) (int, error) {
	l.h.mu.Lock()
	defer l.h.mu.Unlock()
	return l.h.log.Write(b)
}

func (h *house) now() time.Time         { return time.Now().Add(time.Duration(h.ahead.Load())) }
func (h *house) later(by time.Duration) { h.ahead.Add(int64(by)) }

// Of implements Calls.
func (h *house) calls() []Call {
	return []Call{
		{At: h.now().Add(-time.Hour), Line: "retail", Result: Verified},
		{At: h.now().Add(-2 * time.Hour), Line: "retail", Result: HungUp},
		{At: h.now().Add(-3 * time.Hour), Line: "cards", Result: NotVerified},
		{At: h.now().Add(-4 * time.Hour), Line: "cards", Result: NotYou},
	}
}

type always struct{}

func (always) Open(time.Time) bool { return true }

type calls struct{ h *house }

func (c calls) Of(_ context.Context, customer string, most int) ([]Call, error) {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	if c.h.callsErr != nil {
		return nil, c.h.callsErr
	}
	if customer != "C-1" {
		return nil, nil
	}
	return c.h.calls()[:min(most, 4)], nil
}

type records struct{}

func (records) Of(_ context.Context, customer string) (any, error) {
	return map[string]string{"customer": customer, "name": "Ada"}, nil
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, store: &unreliable{Memory: shared.NewMemory()}, known: map[string]session.Known{}}
	mux := http.NewServeMux()
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	address := strings.Replace(h.URL, "127.0.0.1", "localhost", 1) // where browsers have passkeys without TLS
	h.Server.URL = address
	h.links = NewLinks(h.store, func() string { return address }, h.now)
	h.book = applink.New(h.store, h.now)
	keys, err := token.LoadKeys(filepath.Join(t.TempDir(), "token.key"))
	require.NoError(t, err)
	h.tokens, err = token.New(token.Options{
		Store: h.store, Keys: keys, SubjectKey: []byte(strings.Repeat("k", 32)), Now: h.now,
	})
	require.NoError(t, err)
	passkeys, err := NewPasskeys(h.store, address, "Sample Bank", h.now)
	require.NoError(t, err)
	h.callbacks = callback.New(callback.Options{
		Store: h.store, Windows: func() callback.Windows {
			return callback.Windows{Zone: time.UTC, Length: time.Hour, Hours: always{}}
		},
		Capacity: func() int { return 2 }, Countries: func() []string { return nil }, Ahead: 48 * time.Hour,
		Phones: func(context.Context, string) ([]session.Phone, error) {
			return []session.Phone{{E164: "+493012345678"}}, nil
		},
		Secret: func(_ context.Context, _ string, w session.Secret) (bool, error) {
			return string(w.Reveal()) == "2468", nil
		},
		Publish: func(context.Context, event.Event) error { return nil },
		Now:     h.now, Log: slog.New(slog.NewTextHandler(locked{h}, nil)),
	})
	h.callbacks.Begin()
	h.callbacks.CaughtUp()
	h.page = NewPage(PageOptions{
		Callbacks: h.callbacks, CallbackLine: func() string { return "retail" }, Region: func() string { return "DE" },
		OnLine: func(string) (OnLine, bool) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return OnLine{Line: "retail", Since: h.now(), Call: "call-7", Level: 2, Busy: h.busy}, h.onLine
		},
		Choices: func(string) []session.PageChoice {
			return []session.PageChoice{
				{Title: map[string]string{"en": "My balance", "de": "Kontostand"}, To: session.Destination{Extension: "balance", Dialplan: "XML", Context: "default"}},
				{Title: map[string]string{"en": "My orders"}, URL: "https://www.bank.example/orders?a=b"},
			}
		},
		Next: func(_ context.Context, call string, to session.Destination) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.busy {
				return ErrNotMoved
			}
			h.moved = append(h.moved, call+" "+to.String())
			return nil
		},
		Issue: func(ctx context.Context, proven session.Proven) (string, error) {
			return h.tokens.Issue(ctx, session.Known{Proven: proven, Line: token.AnyLine, Decided: h.now()})
		},
		Impostor: func(_ context.Context, customer string) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.impostors = append(h.impostors, customer)
			return nil
		},
		Store: h.store, Links: h.links, URL: address, Brand: "Sample Bank", Tokens: h.tokens, Proofs: h.book,
		Passkeys: passkeys, Calls: calls{h}, Records: records{}, Now: h.now, Zone: time.UTC,
		Log: slog.New(slog.NewTextHandler(locked{h}, nil)),
		Find: func(_ context.Context, id string) (session.Customer, bool, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			return session.Customer{ID: id, Name: "Ada"}, !h.gone && strings.HasPrefix(id, "C-"), nil
		},
		Known: func(_ context.Context, call string) (session.Known, bool, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			k, ok := h.known[call]
			return k, ok, nil
		},
		Alarm: func(_ context.Context, q applink.Question) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.alarms = append(h.alarms, q)
		},
		Audit: func(_ context.Context, customer, action, detail string) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.audited = append(h.audited, customer+" "+action+" "+detail)
			return nil
		},
	})
	for _, r := range h.page.Routes() {
		require.True(t, r.Rule.IsPublic())
		mux.Handle(r.Method+" "+r.Path, r.Handler)
	}
	mux.HandleFunc("GET /asset/{file}", asset.Serve)
	return h
}

// tell implements Messages.Tell.
func (h *house) tell(_ context.Context, to, _ string, text session.Secret) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.messages = append(h.messages, to+" "+string(text.Reveal()))
	return nil
}

func (h *house) link(customer string, purpose Purpose, call string) string {
	h.t.Helper()
	address, err := h.links.Make(h.t.Context(), PageLink{Customer: customer, Purpose: purpose, Call: call}, LinkLife)
	require.NoError(h.t, err)
	return address
}

// asks makes a call ask a customer, and returns the link and the digits.
func (h *house) asks(customer, call string) (link, digits string) {
	h.t.Helper()
	q := applink.Question{Customer: customer, Call: call, Line: "retail", Since: h.now()}
	secret, err := h.book.Ask(h.t.Context(), q, applink.Lifetime)
	require.NoError(h.t, err)
	return h.link(customer, ForProof, call), string(secret.Reveal())
}

func (h *house) state(customer, call string) applink.State {
	h.t.Helper()
	q, err := h.book.Look(h.t.Context(), customer, call)
	require.NoError(h.t, err)
	return q.State
}

// phone is a customer's telephone with a browser.
type phone struct {
	*http.Client
	h *house
}

func (h *house) phone() *phone {
	jar, err := cookiejar.New(nil)
	require.NoError(h.t, err)
	return &phone{&http.Client{Jar: jar, Transport: h.Client().Transport}, h}
}

type got struct {
	status int
	path   string // at last
	text   string
	header http.Header
}

func (p *phone) do(method, path, contentType, body string, headers ...string) got {
	p.h.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = p.h.URL + path
	}
	r, err := http.NewRequestWithContext(p.h.t.Context(), method, path, strings.NewReader(body))
	require.NoError(p.h.t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := p.Do(r)
	require.NoError(p.h.t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(p.h.t, err)
	return got{answer.StatusCode, answer.Request.URL.Path, string(text), answer.Header}
}

func (p *phone) get(path string, headers ...string) got { return p.do("GET", path, "", "", headers...) }

func (p *phone) post(path string, form ...string) got {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	return p.do("POST", path, "application/x-www-form-urlencoded", values.Encode())
}

// opens opens a link, and presses the button.
func (p *phone) opens(link string) got {
	p.h.t.Helper()
	asked := p.get(link)
	require.Equal(p.h.t, "/my/open", asked.path)
	return p.post("/my/open")
}

// signsIn comes from the company's own log-in.
func (p *phone) signsIn(customer string, methods ...event.Method) got {
	p.h.t.Helper()
	return p.post("/my/token", "token", p.h.token(customer, methods...))
}

// token is one of a customer who signed in with a password, or by methods.
func (h *house) token(customer string, methods ...event.Method) string {
	h.t.Helper()
	if methods == nil {
		methods = []event.Method{session.MethodPassword}
	}
	raw, err := h.tokens.IssueFor(h.t.Context(), customer, methods, token.AnyLine)
	require.NoError(h.t, err)
	return raw
}

// script asks as my.js does.
func (p *phone) script(path string, body any) got {
	p.h.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(p.h.t, err)
	return p.do("POST", path, "application/json", string(text))
}
