package freeswitch_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ask asks the service's HTTP API, with a body unless it is empty, and returns what it says.
func (s *service) ask(t testing.TB, method, path, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.API+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.Key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	said, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer said.Body.Close()
	b, err := io.ReadAll(said.Body)
	require.NoError(t, err)
	return said.StatusCode, string(b)
}

// token makes an ID&V token for a customer who logged in with a password on the company's website.
func (s *service) token(t testing.TB, customer, line string) string {
	t.Helper()
	in, err := json.Marshal(map[string]any{"customer": customer, "methods": []string{"password"}, "line": line})
	require.NoError(t, err)
	status, answer := s.ask(t, http.MethodPost, "/v1/tokens", string(in))
	require.Equal(t, http.StatusOK, status, answer)
	var issued struct{ Token string }
	require.NoError(t, json.Unmarshal([]byte(answer), &issued))
	require.NotEmpty(t, issued.Token)
	return issued.Token
}

// redeem uses a token up, as the next application of a call would.
func (s *service) redeem(t testing.TB, token string) (status int, answer string) {
	t.Helper()
	in, err := json.Marshal(map[string]string{"token": token})
	require.NoError(t, err)
	return s.ask(t, http.MethodPost, "/v1/redeem", string(in))
}
