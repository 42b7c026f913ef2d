package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"countersign/session"
	"countersign/session/shared"
	"countersign/session/token"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePublicKeysNeedNoKeyAndMayBeCached(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := s.get("/.well-known/jwks.json", withoutKey)
	require.Equal(t, 200, got.status)
	assert.Equal(t, string(s.tokens.JWKS()), got.text)
	assert.Equal(t, "public, max-age=300", got.header.Get("Cache-Control"))
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(s.issued(), ".")[0])
	require.NoError(t, err)
	assert.Contains(t, string(header), got.body["keys"].([]any)[0].(map[string]any)["kid"])
}

func TestIntrospectionDescribesATokenAndDoesNotUseItUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	raw := s.issued()
	for _, got := range []reply{
		s.post("/v1/introspect", `{"token":`+quote(raw)+`,"token_type_hint":"access_token"}`),
		s.ask(
			"POST", "/v1/introspect", form+"; charset=utf-8", url.Values{"token": {raw}, "token_type_hint": {"x"}}.Encode(),
		),
	} {
		require.Equal(t, 200, got.status, got.text)
		assert.Equal(t, true, got.body["active"])
		assert.Equal(t, customer, got.body["customer"])
		assert.Equal(t, callOne, got.body["call"])
		assert.Equal(t, "retail", got.body["line"])
		assert.Equal(t, "countersign:2", got.body["acr"])
		assert.Equal(t, []any{"ani", "pin"}, got.body["amr"])
		assert.EqualValues(t, start.Unix()+300, got.body["exp"])
		assert.NotEqual(t, customer, got.body["sub"])
		assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	}
	assert.Equal(t, 200, s.post("/v1/redeem", `{"token":`+quote(raw)+`}`).status)
	used := s.post("/v1/introspect", `{"token":`+quote(raw)+`}`)
	assert.Equal(t, map[string]any{"active": false}, used.body)
	assert.Equal(t, map[string]any{"active": false}, s.post("/v1/introspect", `{"token":"garbage"}`).body)
}

func TestATokenIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	raw := s.issued()

	other := s.post("/v1/redeem", `{"token":`+quote(raw)+`,"line":"business"}`)
	assert.Equal(t, 422, other.status)
	assert.Equal(t, "foreign", other.body["reason"])

	got := s.post("/v1/redeem", `{"token":`+quote(raw)+`,"line":"retail"}`)
	require.Equal(t, 200, got.status, got.text)
	assert.Equal(t, map[string]any{
		"customer": customer, "status": "verified", "level": 2., "methods": []any{"ani", "pin"}, "call": callOne,
		"line":            "retail",
		"session_expires": start.Add(15 * time.Minute).Truncate(time.Second).Format(time.RFC3339),
	}, got.body)

	again := s.post("/v1/redeem", `{"token":`+quote(raw)+`}`)
	assert.Equal(t, 422, again.status)
	assert.Equal(t, "replayed", again.body["reason"])
	assert.Equal(t, "The token does not count: it has been used before.", again.body["detail"])

	old := s.issued()
	s.later(time.Hour)
	assert.Equal(t, "expired", s.post("/v1/redeem", `{"token":`+quote(old)+`}`).body["reason"])
	stranger := newIssuer(t, shared.NewMemory(), s.clock)
	forged, err := stranger.Issue(t.Context(), proven())
	require.NoError(t, err)
	assert.Equal(t, "forged", s.post("/v1/redeem", `{"token":`+quote(forged)+`}`).body["reason"])
	assert.Equal(t, "malformed", s.post("/v1/redeem", `{"token":"garbage"}`).body["reason"])
}

func TestATokenIsMadeForALoginElsewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := s.post("/v1/tokens", `{"customer":"cust-100042","methods":["app","password"],"line":"*"}`)
	require.Equal(t, 200, got.status, got.text)
	assert.EqualValues(t, 300, got.body["expires_in"])
	p, err := s.tokens.Redeem(t.Context(), session.NewSecret([]byte(got.body["token"].(string))), "retail")
	require.NoError(t, err)
	assert.Equal(t, customer, p.Customer)
	assert.Equal(t, session.Strong, p.Level(start))
}

func TestInvalidRequestsForATokenAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	long := quote(strings.Repeat("c", 129))
	for name, test := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"a customer who does not exist": {
			`{"customer":"nobody","methods":["app"],"line":"*"}`, 422, "no customer with this id",
		},
		"no customer":     {`{"methods":["app"],"line":"*"}`, 400, `"customer" must be`},
		"a long customer": {`{"customer":` + long + `,"methods":["app"],"line":"*"}`, 400, `"customer" must be`},
		"no line":         {`{"customer":"cust-100042","methods":["app"]}`, 400, `"line" must be`},
		"a long line":     {`{"customer":"cust-100042","methods":["app"],"line":` + long + `}`, 400, `"line" must be`},
		"no methods":      {`{"customer":"cust-100042","line":"*"}`, 400, "account, ani, app, birth_date"},
		"an unknown method": {
			`{"customer":"cust-100042","methods":["magic"],"line":"*"}`, 400, "account, ani, app, birth_date",
		},
		"an unavailable directory": {`{"customer":"down","methods":["app"],"line":"*"}`, 503, "cannot be looked up"},
	} {
		got := s.post("/v1/tokens", test.body)
		assert.Equal(t, test.status, got.status, name)
		assert.Contains(t, got.body["detail"], test.says, name)
	}
	assert.Contains(t, s.log.String(), "the directory is closed")
}

// closed is an unavailable Store.
type closed struct{ shared.Store }

var errClosed = errors.New("no responders")

func (closed) Get(context.Context, string) ([]byte, uint64, error) { return nil, 0, errClosed }

func (closed) Create(context.Context, string, []byte, time.Duration) (uint64, error) {
	return 0, errClosed
}

func TestAnUnavailableStoreIs503(t *testing.T) {
	t.Parallel()
	raw := ""
	s := newSite(t, func(o *Options) {
		keys := t.TempDir() + "/token.key"
		loaded, err := token.LoadKeys(keys)
		require.NoError(t, err)
		options := token.Options{
			Store: shared.NewMemory(), Keys: loaded, SubjectKey: []byte(strings.Repeat("k", 32)), Now: o.Now,
		}
		up, err := token.New(options)
		require.NoError(t, err)
		raw, err = up.Issue(t.Context(), proven())
		require.NoError(t, err)
		options.Store = closed{}
		o.Tokens, err = token.New(options)
		require.NoError(t, err)
	})
	assert.Equal(t, 503, s.post("/v1/redeem", `{"token":`+quote(raw)+`}`).status)
	assert.Equal(t, 503, s.post("/v1/introspect", `{"token":`+quote(raw)+`}`).status)
	assert.Equal(t, 503, s.post("/v1/tokens", `{"customer":"cust-100042","methods":["app"],"line":"*"}`).status)
	assert.Contains(t, s.log.String(), errClosed.Error())
	assert.NotContains(t, s.log.String(), raw)
}

func TestInvalidBodiesAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const canary = "canary-246813"
	for _, path := range []string{"/v1/introspect", "/v1/redeem", "/v1/tokens", "/v1/calls/" + callOne + "/step-up"} {
		for name, body := range map[string]string{
			"nothing":                    "",
			"no JSON":                    canary,
			"a list":                     `["` + canary + `"]`,
			"cut short":                  `{"token":"` + canary,
			"an unknown field":           `{"` + canary + `":1}`,
			"two objects":                `{} {}`,
			"a number as token and call": `{"token":246813,"customer":246813,"level":"` + canary + `"}`,
			"null":                       "null",
			"NUL":                        "\x00",
			"not UTF-8":                  "\xff\xfe",
		} {
			got := s.post(path, body)
			assert.Equal(t, 400, got.status, "%s %s: %s", path, name, got.text)
			assert.NotContains(t, got.text, "246813", name)
		}
		big := s.post(path, `{"token":"`+strings.Repeat("A", 65<<10)+`"}`)
		assert.Equal(t, 413, big.status, path)
		assert.Equal(t, 415, s.ask("POST", path, "text/plain", `{}`).status, path)
		assert.Equal(t, 415, s.ask("POST", path, "", `{}`).status, path)
	}
	for path, body := range map[string]string{
		"/v1/introspect": `{"token":"a","more":1}`, "/v1/redeem": `{"token":"a","more":1}`,
		"/v1/calls/" + callOne + "/step-up": `{"level":2,"more":1}`,
		"/v1/tokens":                        `{"customer":"cust-100042","methods":["app"],"line":"*","more":1}`,
	} {
		assert.Equal(t, 400, s.post(path, body).status, "%s: an unknown field among known ones", path)
	}
	for name, body := range map[string]string{
		"no token": "a=b", "two tokens": "token=a&token=b", "a bad escape": "token=%zz", "an empty token": "token=",
	} {
		assert.Equal(t, 400, s.ask("POST", "/v1/introspect", form, body).status, name)
	}
	assert.Equal(t, 413, s.ask("POST", "/v1/introspect", form, "token="+strings.Repeat("A", 1<<20)).status)
	got := s.ask("POST", "/v1/introspect?token="+s.issued(), form, "")
	assert.Equal(t, 400, got.status, "a token in the address is ignored")
	assert.NotContains(t, s.log.String(), "246813")
	assert.NotContains(t, s.log.String(), "eyJ")
}

func TestMissingPartsAre503(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Tokens, o.Calls, o.StepUps, o.Customer = nil, nil, nil, nil })
	d := json.RawMessage(`{"token":"a"}`)
	for _, got := range []reply{
		s.get("/.well-known/jwks.json"), s.post("/v1/introspect", string(d)), s.post("/v1/redeem", string(d)),
		s.post("/v1/tokens", `{}`),
		s.get("/v1/calls/" + callOne), s.post("/v1/calls/"+callOne+"/step-up", `{"level":2}`),
	} {
		assert.Equal(t, http.StatusServiceUnavailable, got.status)
	}
}
