package web

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/web/access"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// filled is a route's path with a call's id, and a report's name.
func filled(r access.Route) string {
	return strings.NewReplacer("{call}", callOne, "{name}", "summary").Replace(r.Path)
}

func TestRequestsWithoutAValidKeyAreRefused(t *testing.T) {
	t.Parallel()
	for _, r := range (&api{}).routes() {
		if r.Rule.IsPublic() {
			continue
		}
		t.Run(r.Path, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			for name, authorization := range map[string]string{
				"none":                   "",
				"a wrong key":            "Bearer wrong",
				"the right key and more": "Bearer " + apiKey + "x",
				"the right key in part":  "Bearer " + apiKey[:8],
				"another scheme":         "Basic " + apiKey,
				"no scheme":              apiKey,
				"no key":                 "Bearer ",
				"only the scheme":        "Bearer",
				"two":                    "Bearer " + apiKey + ", Bearer " + apiKey,
				"the hash of the key":    "Bearer 0f0f0f",
			} {
				got := s.ask(r.Method, filled(r), "application/json", `{}`, func(request *http.Request) {
					request.Header.Set("Authorization", authorization)
				})
				assert.Equal(t, 401, got.status, name)
				assert.Contains(t, got.header.Get("WWW-Authenticate"), `Bearer realm="countersign"`, name)
			}
			got := s.ask(r.Method, filled(r)+"?access_token="+apiKey, "application/json", `{}`, withoutKey)
			assert.Equal(t, 401, got.status, "a key in the address is ignored")
			assert.NotEqual(t, 401, s.ask(r.Method, filled(r), "application/json", `{}`, func(request *http.Request) {
				request.Header.Set("Authorization", "bearer  "+apiKey)
			}).status)
			assert.NotContains(t, s.log.String(), apiKey)
		})
	}
}

func TestAKeyMayDoWhatItsScopesSayAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, scopes := range [][]access.Scope{nil, {access.Calls}, {access.StepUp}, {access.Tokens}, access.DefaultScopes(), {access.Calls, access.Tokens}, access.Scopes()} {
		s := newSite(t, func(o *Options) {
			o.APIKeys = these(Key{Name: "screen", SHA256: sha256.Sum256([]byte(apiKey)), Scopes: scopes})
		})
		for _, r := range (&api{}).routes() {
			got := s.ask(r.Method, filled(r), "application/json", `{}`)
			if r.Rule.IsPublic() || slices.Contains(scopes, r.Rule.Scope()) {
				assert.NotEqual(t, 403, got.status, "%s %v", r.Path, scopes)
				continue
			}
			assert.Equal(t, 403, got.status, "%s %v", r.Path, scopes)
			assert.Contains(t, got.body["detail"], fmt.Sprintf(`add "%s" to web.keys.screen.scopes`, r.Rule.Scope()))
		}
	}
	assert.NotContains(t, access.DefaultScopes(), access.Tokens, "whoever makes a token is believed")
}

func TestWithoutConfiguredKeysTheErrorSaysHowToMakeOne(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.APIKeys = nil })
	for _, r := range (&api{}).routes() {
		got := s.ask(r.Method, filled(r), "application/json", `{}`)
		if strings.HasPrefix(r.Path, "/v1/queues") {
			assert.Equal(t, 404, got.status, "no queue is shown here")
			continue
		}
		if r.Rule.IsPublic() {
			assert.Equal(t, 200, got.status, r.Path)
			continue
		}
		assert.Equal(t, 403, got.status, r.Path)
		assert.Contains(t, got.body["detail"], "under web.keys in countersign.yaml", r.Path)
	}
}

func TestTooManyWrongKeysBlockAnAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := "/v1/calls/" + callOne
	for n := range maxFailures {
		assert.Equal(t, 401, s.get(path, withKey(fmt.Sprint("guess-", n))).status)
	}
	got := s.get(path, withKey("guess"))
	require.Equal(t, 429, got.status)
	assert.Equal(t, "60", got.header.Get("Retry-After"))
	assert.Equal(t, 200, s.get(path).status, "a valid key works, even from the blocked address of a proxy")
	assert.Equal(t, 200, s.get("/healthz").status)
	s.later(30 * time.Second)
	assert.Equal(t, "30", s.get(path, withKey("guess")).header.Get("Retry-After"))
	s.later(30 * time.Second)
	assert.Equal(t, 401, s.get(path, withKey("guess")).status, "the count starts again")
}

func TestWrongKeysCountByAddress(t *testing.T) {
	t.Parallel()
	var f failures
	one, two := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32")
	for range maxFailures {
		f.add(one, start)
	}
	assert.Equal(t, failureWindow, f.wait(one, start))
	assert.Zero(t, f.wait(two, start))
	assert.Zero(t, f.wait(one, start.Add(failureWindow)))
}

func TestTheNumberOfCountedAddressesIsBounded(t *testing.T) {
	t.Parallel()
	var f failures
	at := func(n int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 32)
	}
	for n := range 2 * maxAddresses {
		f.add(at(n), start)
	}
	assert.LessOrEqual(t, len(f.from), maxAddresses+1)
	assert.Positive(t, f.wait(at(3*maxAddresses), start), "later addresses are counted together")
	assert.Zero(t, f.wait(at(1), start), "earlier ones separately")
	f.add(at(5), start.Add(failureWindow))
	assert.Len(t, f.from, 1, "expired ones are removed")
}
