package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a CRM gets on one machine lets its agent in on another.
func TestACRMLetsItsAgentIntoAFrame(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, "id,phones,account,pin\nC-1,+15551230001,100042,862914\n", "")
	one, two := s.nodes[0], s.nodes[1]
	s.must("people", "add", "ada", "--role", "agent", "--agent", "1001")
	status, text := one.ask(http.MethodPost, "/v1/embed-tokens", `{"person": "ada"}`)
	require.Equal(t, http.StatusOK, status, text)
	var given struct {
		Token string `json:"token"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &given))
	handedOver := fmt.Sprintf(`{"token": %q}`, given.Token)
	status, text = two.ask(http.MethodPost, "/embed/session", handedOver)
	require.Equal(t, http.StatusOK, status, text)
	assert.Contains(t, text, `"person":"ada"`)
	status, _ = one.ask(http.MethodPost, "/embed/session", handedOver)
	assert.Equal(t, http.StatusUnprocessableEntity, status, "a token is good once, on all machines")

	got, err := http.Get(one.api + "/embed/desk")
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	assert.Contains(t, got.Header.Get("Content-Security-Policy"), "frame-ancestors https://crm.example http://localhost:3000")
}
