package staff_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/web/access"
	"countersign/web/people"
)

// filled is the address of a route with values for its variables.
func filled(r access.Route) string {
	return strings.NewReplacer("{call}", "call-1", "{id}", "agent", "{invitation}", "none", "{file}", "none.css",
		"{key}", "shop", "{name}", "summary", "{wall}", "none", "{schedule}", "none", "{webhook}", "none", "{line}", "retail", "{$}", "").Replace(r.Path)
}

// Every route of the screens is asked for by everybody: nobody signed in, each role, a key of the API, and a frame in
// another page. A new route is in this test by itself, and lets nobody in without a rule.
func TestEveryRouteForEveryRole(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.happened("call-1", "retail", verifiedCall()...)
	browsers := map[access.Role]*browser{}
	for _, role := range access.Roles() {
		o.hire(string(role), func(p *people.Person) { p.Agents = []string{"1001"} })
		browsers[role] = o.as(string(role))
	}
	withKey := o.browser()
	withKey.header.Set("Authorization", "Bearer whatever")
	inFrame := o.frameOf("agent")
	for _, route := range o.pages.Routes() {
		if route.Stream || strings.HasPrefix(route.Path, "/sign-") || strings.HasPrefix(route.Path, "/me/") {
			continue // TestTheStreamNeedsASession, TestSignIn…
		}
		ask := func(b *browser) int {
			if route.Method == http.MethodGet {
				return b.get(filled(route)).status
			}
			return b.do(route.Method, filled(route), url.Values{"name": {"Name of agent"}, "role_agent": {"1"}}).status
		}
		for who, b := range map[string]*browser{"nobody": o.browser(), "a key": withKey, "a frame": inFrame} {
			status := ask(b)
			switch {
			case route.Rule.IsPublic(), route.Rule.IsFramed() && b == inFrame:
				assert.NotContains(t, []int{401, 403, 500}, status, "%s: %s %s", who, route.Method, route.Path)
			case route.Method == http.MethodGet && !route.Rule.IsFramed():
				assert.Equal(t, http.StatusSeeOther, status, "%s: %s %s", who, route.Method, route.Path)
			default:
				assert.Equal(t, http.StatusUnauthorized, status, "%s: %s %s", who, route.Method, route.Path)
			}
		}
		for _, role := range access.Roles() {
			if status := browsers[role].get("/me").status; status != http.StatusOK { // signed out by a route
				browsers[role] = o.as(string(role))
			}
			status := ask(browsers[role])
			if route.Rule.IsFramed() {
				assert.Equal(t, http.StatusUnauthorized, status, "a cookie opens nothing in a frame: %s %s", route.Method, route.Path)
			} else if route.Rule.IsPublic() || route.Rule.Allows([]access.Role{role}) {
				assert.NotContains(t, []int{401, 403, 500}, status, "%s: %s %s", role, route.Method, route.Path)
			} else {
				assert.Equal(t, http.StatusForbidden, status, "%s: %s %s", role, route.Method, route.Path)
			}
		}
	}
}

func TestARouteWithoutARuleLetsNobodyIn(t *testing.T) {
	t.Parallel()
	assert.False(t, access.Rule{}.Allows(access.Roles()))
	assert.False(t, access.Rule{}.IsPublic())
	assert.Empty(t, access.Rule{}.Scope())
}

func TestAnotherSiteCanMakeABrowserDoNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("admin")
	b := o.as("admin")
	for name, header := range map[string]http.Header{
		"another site":         {"Sec-Fetch-Site": {"cross-site"}},
		"another subdomain":    {"Sec-Fetch-Site": {"same-site"}},
		"an old browser":       {"Origin": {"https://evil.example"}},
		"an origin of nothing": {"Origin": {"null"}},
	} {
		b.header = header
		for _, path := range []string{"/people", "/people/admin", "/me/sign-out", "/me/password", "/sign-out", "/sign-in"} {
			assert.Equal(t, http.StatusForbidden, b.post(path, "id", "eve", "name", "Eve", "role_admin", "1").status, "%s: %s",
				name, path)
		}
	}
	b.header = http.Header{}
	all, err := o.book.All(t.Context())
	require.NoError(t, err)
	assert.Len(t, all, 1)
	assert.Equal(t, http.StatusOK, b.get("/me").status, "still signed in")
	assert.Contains(t, o.log.String(), "cross-origin request", "it is in the log")
}

func TestHeadersKeepPagesToThemselves(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.hire("admin")
	got := o.as("admin").get("/people")
	policy := got.header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
		"form-action 'self'", "base-uri 'none'",
	} {
		assert.Contains(t, policy, want)
	}
	assert.NotContains(t, policy, "unsafe")
	assert.Equal(t, "DENY", got.header.Get("X-Frame-Options"))
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
	assert.Equal(t, "no-referrer", got.header.Get("Referrer-Policy"))
	assert.NotContains(t, got.text, "style=", "no inline style would pass the policy")
	assert.NotContains(t, got.text, "onclick", "no inline code would pass the policy")
}
