package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The page asks for the customer who is signed in alone, whatever it says, and never has the key.
func TestThePageAsksForItsCustomerAlone(t *testing.T) {
	t.Parallel()
	var asked []string
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, strings.Join([]string{r.Header.Get("Authorization"), r.Method, r.URL.String(), string(body)}, " "))
	}))
	t.Cleanup(api.Close)
	server := httptest.NewServer((&app{url: api.URL, key: "k3y"}).routes())
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	do := func(method, path, body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		got, err := browser.Do(r)
		require.NoError(t, err)
		defer func() { _ = got.Body.Close() }()
		text, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		return got.StatusCode, string(text)
	}
	status, text := do("GET", "/", "")
	assert.Equal(t, 200, status)
	assert.NotContains(t, text, "k3y")
	status, _ = do("GET", "/api/calling", "")
	assert.Equal(t, 401, status)
	_, err = browser.PostForm(server.URL+"/sign-in", url.Values{"customer": {"C-1"}})
	require.NoError(t, err)
	do("GET", "/api/calling?customer=C-2", "")
	do("POST", "/api/token", `{"customer": "C-2", "methods": ["passkey"]}`)
	do("POST", "/api/alerts/a%2Fb/answer", `{"answer": "declined"}`)
	assert.Equal(t, []string{
		"Bearer k3y GET /v1/calling?customer=C-1&line= ",
		`Bearer k3y POST /v1/tokens {"customer":"C-1","methods":["password"]}`,
		`Bearer k3y POST /v1/alerts/a%2Fb/answer {"answer":"declined","customer":"C-1"}`,
	}, asked)
	status, _ = do("POST", "/v1/people", "{}")
	assert.Equal(t, 404, status)
}
