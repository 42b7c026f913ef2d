package web

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"countersign/internal/leaktest"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
	"countersign/session/token"
	"countersign/web/access"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

const (
	apiKey   = "k3y-of-the-shop-0123456789abcdef"
	callOne  = "0199d3a1-7c1e-7b1e-8f7e-5d3c9a1b2c3d"
	customer = "cust-100042"
	form     = "application/x-www-form-urlencoded"
)

var start = time.Date(2025, 11, 19, 9, 41, 7, 250e6, time.UTC)

// site is the API behind a real HTTP server, with all its parts.
type site struct {
	t       testing.TB
	url     string
	tokens  *token.Issuer
	calls   *callBook
	stepUps *stepUps
	log     *buffer

	mu  sync.Mutex
	now time.Time
}

func newSite(t testing.TB, changes ...func(*Options)) *site {
	t.Helper()
	s := &site{
		t: t, calls: &callBook{known: map[string]session.Known{callOne: proven()}}, stepUps: &stepUps{}, log: &buffer{},
		now: start,
	}
	s.tokens = newIssuer(t, shared.NewMemory(), s.clock)
	o := Options{
		Tokens: s.tokens, Calls: s.calls, StepUps: s.stepUps, Now: s.clock,
		Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		APIKeys: these(
			Key{Name: "app", SHA256: sha256.Sum256([]byte("another")), Scopes: access.Scopes()},
			Key{Name: "shop", SHA256: sha256.Sum256([]byte(apiKey)), Scopes: access.Scopes()},
		),
		Customer: func(_ context.Context, id string) (session.Customer, bool, error) {
			if id == "down" {
				return session.Customer{}, false, errors.New("the directory is closed")
			}
			return session.Customer{ID: id}, id == customer, nil
		},
	}
	for _, change := range changes {
		change(&o)
	}
	server := httptest.NewServer(New(o))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// these are the keys of the settings.
func these(keys ...Key) func() []Key { return func() []Key { return keys } }

func newIssuer(t testing.TB, store shared.Store, clock func() time.Time) *token.Issuer {
	t.Helper()
	keys, err := token.LoadKeys(filepath.Join(t.TempDir(), "token.key"))
	require.NoError(t, err)
	subjectKey := []byte(strings.Repeat("k", 32))
	tokens, err := token.New(token.Options{Store: store, Keys: keys, SubjectKey: subjectKey, Now: clock})
	require.NoError(t, err)
	return tokens
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// issued returns a token of a call.
func (s *site) issued() string {
	s.t.Helper()
	raw, err := s.tokens.Issue(s.t.Context(), proven())
	require.NoError(s.t, err)
	return raw
}

func proven() session.Known {
	return session.Known{
		Proven: session.Proven{
			Customer: customer, Methods: []event.Method{event.MethodANI, event.MethodPIN},
			Proofs: []session.Proof{{Factor: session.Knowledge, Method: event.MethodPIN}},
		},
		Call: callOne, First: callOne, Channel: "channel-1", Line: "retail", Decided: start,
	}
}

// reply is an answer with its body.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// ask sends a request with the key, and checks the answer against openapi.yaml.
func (s *site) ask(method, path, contentType, body string, changes ...func(*http.Request)) reply {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+apiKey)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for _, change := range changes {
		change(r)
	}
	response, err := http.DefaultTransport.(*http.Transport).RoundTrip(r)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	got := reply{status: response.StatusCode, header: response.Header, text: string(text)}
	require.NoError(s.t, json.Unmarshal(text, &got.body), got.text)
	described(s.t, method, path, got)
	return got
}

func (s *site) post(path, body string, changes ...func(*http.Request)) reply {
	s.t.Helper()
	return s.ask("POST", path, "application/json", body, changes...)
}

func (s *site) get(path string, changes ...func(*http.Request)) reply {
	s.t.Helper()
	return s.ask("GET", path, "", "", changes...)
}

func (s *site) put(path, body string) reply {
	s.t.Helper()
	return s.ask("PUT", path, "application/json", body)
}

func (s *site) remove(path string) reply {
	s.t.Helper()
	return s.ask("DELETE", path, "", "")
}

func withKey(key string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+key) }
}

func withoutKey(r *http.Request) { r.Header.Del("Authorization") }

func quote(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

// callBook is a fake session.Calls.
type callBook struct {
	known map[string]session.Known
	err   error
}

func (c *callBook) Remember(context.Context, session.Known) error {
	return errors.New("the API does not call this")
}

func (c *callBook) Recall(_ context.Context, call string) (session.Known, bool, error) {
	k, ok := c.known[call]
	return k, ok, c.err
}

// stepUps records requests.
type stepUps struct {
	mu    sync.Mutex
	asked []asked
	err   error
}

func (s *stepUps) StepUp(_ context.Context, call string, level session.Level) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if call == "boom" {
		panic("boom")
	}
	s.asked = append(s.asked, asked{call, level})
	return nil
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
