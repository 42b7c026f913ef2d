package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestHealthNeedsNoKey(t *testing.T) {
	t.Parallel()
	site := func(reasons ...string) *site {
		return newSite(t, func(o *Options) {
			o.Ready = func(ctx context.Context) []string {
				_, bounded := ctx.Deadline()
				assert.True(t, bounded)
				return reasons
			}
		})
	}
	s := site()
	assert.Equal(t, 200, s.get("/healthz", withoutKey).status)
	assert.Equal(t, 200, s.get("/readyz", withoutKey).status)
	s = site("NATS is not connected.")
	got := s.get("/readyz", withoutKey)
	assert.Equal(t, 503, got.status)
	assert.Equal(t, []any{"NATS is not connected."}, got.body["reasons"])
	assert.Equal(t, 200, s.get("/healthz", withoutKey).status)
}

// Anybody may ask, and each check writes.
func TestManyWhoAskForReadinessGetTheResultOfOneCheck(t *testing.T) {
	t.Parallel()
	const many = 200
	var r readiness
	var checks, running atomic.Int32
	began, end := make(chan struct{}), make(chan struct{})
	check := func(ctx context.Context) []string {
		assert.EqualValues(t, 1, running.Add(1), "one at a time")
		defer running.Add(-1)
		if checks.Add(1) == 1 {
			close(began)
			<-end
			assert.NoError(t, ctx.Err(), "others wait for it")
		}
		return []string{"full"}
	}
	var all sync.WaitGroup
	ask := func(ctx context.Context) {
		all.Go(func() { assert.Equal(t, []string{"full"}, r.reasons(ctx, check)) })
	}
	first, goAway := context.WithCancel(t.Context())
	ask(first)
	<-began
	for range many {
		ask(t.Context())
	}
	goAway()
	close(end)
	all.Wait()
	before := checks.Load()
	assert.Less(t, before, int32(many/10))
	r.until = time.Now()
	assert.Equal(t, []string{"full"}, r.reasons(t.Context(), check))
	assert.Equal(t, before+1, checks.Load(), "later it is found out again")
}

func TestUnknownAddressesAndMethods(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{
		"/", "/v1", "/v1/", "/v1/redeem/more", "/v2/redeem", "/v1/calls/", "/favicon.ico", "/.well-known/",
	} {
		got := s.get(path, withoutKey)
		assert.Equal(t, 404, got.status, path)
		assert.Contains(t, got.body["detail"], "openapi.json", path)
	}
	allowed := map[string][]string{}
	for _, r := range (&api{}).routes() {
		allowed[filled(r)] = append(allowed[filled(r)], r.Method)
	}
	for address, methods := range allowed {
		slices.Sort(methods)
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "MADEUP"} {
			if slices.Contains(methods, method) {
				continue
			}
			got := s.ask(method, address, "application/json", "{}")
			assert.Equal(t, 405, got.status, "%s %s", method, address)
			assert.Equal(t, strings.Join(methods, ", "), got.header.Get("Allow"), "%s %s", method, address)
		}
	}
}

func TestEveryAnswerHasSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, got := range []reply{
		s.get("/healthz"), s.get("/nothing"), s.get("/v1/calls/" + callOne), s.get("/v1/redeem"), s.post("/v1/redeem", ""),
	} {
		assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"))
		assert.Equal(t, "DENY", got.header.Get("X-Frame-Options"))
		assert.Equal(t, "default-src 'none'; frame-ancestors 'none'", got.header.Get("Content-Security-Policy"))
		assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
		for name := range got.header {
			assert.NotContains(t, name, "Access-Control")
		}
	}
}

func TestTheLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	raw := s.issued()
	s.get("/v1/calls/" + callOne + "?token=" + raw)
	s.post("/v1/redeem", `{"token":`+quote(raw)+`}`)
	s.post("/v1/redeem", `{"token":`+quote(raw)+`}`)
	s.get("/v1/redeem/" + raw)
	s.ask("CANARY", "/v1/redeem", "", "")
	s.get("/v1/calls/"+callOne, withKey("canary-246813"), func(r *http.Request) {
		r.Header.Set("User-Agent", "canary-246813")
	})
	log := s.log.String()
	assert.Contains(t, log, `level=INFO msg=request method=GET route="GET /v1/calls/{call}" `+
		`status=200 ms=0 from=127.0.0.1 key=shop`)
	assert.Contains(t, log, `method=POST route="POST /v1/redeem" status=422 ms=0 from=127.0.0.1 key=shop reason=replayed`)
	assert.Contains(t, log, "method=other")
	for _, canary := range []string{raw, "eyJ", apiKey, "246813", "CANARY", customer, callOne} {
		assert.NotContains(t, log, canary)
	}
	assert.Equal(t, 6, strings.Count(log, "\n"))
}

func TestAPanicEndsItsRequestAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := s.post("/v1/calls/boom/step-up", `{"level":2}`)
	assert.Equal(t, 500, got.status)
	assert.NotContains(t, got.text, "boom")
	assert.Contains(t, s.log.String(), "panic: boom")
	assert.Equal(t, 202, s.post("/v1/calls/"+callOne+"/step-up", `{"level":2}`).status)
}

// FuzzRequest sends random bodies, with a key, to each address that reads one.
func FuzzRequest(f *testing.F) {
	s := newSite(f)
	for _, body := range []string{
		`{"token":"a.b.c","line":"x"}`, `{"customer":"cust-100042","methods":["app"],"line":"*"}`, `{"level":3}`, "token=a",
		"{", "\xff",
	} {
		for n := range 4 {
			f.Add(n, true, body)
			f.Add(n, false, body)
		}
	}
	paths := []string{"/v1/introspect", "/v1/redeem", "/v1/tokens", "/v1/calls/" + callOne + "/step-up"}
	f.Fuzz(func(t *testing.T, n int, asJSON bool, body string) {
		at := &site{t: t, url: s.url}
		kind := form
		if asJSON {
			kind = "application/json"
		}
		if got := at.ask("POST", paths[uint(n)%4], kind, body); got.status >= 500 {
			t.Fatal(got.text)
		}
	})
}

// FuzzVisitor asks for random addresses with random headers and no key: strangers get an answer, and never one that they
// need a key for.
func FuzzVisitor(f *testing.F) {
	s := newSite(f)
	f.Add("v1/calls?period=last_week", "de-DE,de;q=0.9,*;q=x", "Bearer x", "a=b; c")
	f.Add("healthz", "", "", "")
	f.Add("v1/reports/summary?from=%00&to=9999", "\xff", "Basic Og==", "=;=")
	f.Add("../..//%2e%2e/v1", "en", "bearer", "")
	f.Fuzz(func(t *testing.T, path, language, authorization, cookie string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/"+path, nil)
		if err != nil || r.URL.Path == "/readyz" {
			return
		}
		r.Header.Set("Accept-Language", language)
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Cookie", cookie)
		response, err := http.DefaultTransport.(*http.Transport).RoundTrip(r)
		if err != nil {
			return // no header that HTTP allows
		}
		_ = response.Body.Close()
		if response.StatusCode >= 500 || response.StatusCode == http.StatusOK && strings.HasPrefix(r.URL.Path, "/v1/") &&
			r.URL.Path != "/v1/openapi.json" && r.URL.Path != "/v1/queues" {
			t.Errorf("GET %q: %d", r.URL.String(), response.StatusCode)
		}
	})
}
