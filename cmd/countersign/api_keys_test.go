package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
)

// askWith asks a node's API with a key.
func (n *node) askWith(key, path string) (status int, body map[string]any) {
	t := n.s.t
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.api+path, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+key)
	got, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	require.NoError(t, json.NewDecoder(got.Body).Decode(&body))
	return got.StatusCode, body
}

// A key that one machine makes opens the API of all, without a restart, until it is revoked.
func TestKeysByCommandCountOnEveryMachine(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, "id,phones,account,pin\nC-1,+15551230001,100042,862914\n", "")
	one, two := s.nodes[0], s.nodes[1]
	soon := func(n *node, key string, want int) {
		t.Helper()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			status, _ := n.askWith(key, "/v1/calls/none")
			assert.Equal(c, want, status)
		}, patience, 20*time.Millisecond)
	}
	secret := strings.TrimSpace(s.must("keys", "add", "shop", "--scope", "calls", "--scope", "reports"))
	require.Regexp(t, `^csk_shop_`, secret)
	soon(one, secret, http.StatusNotFound) // there is no such call
	soon(two, secret, http.StatusNotFound)

	result := one.call(sim.CallOptions{From: "+15551230001", To: "5000", Caller: keys("ask-pin", "862914#")})
	require.Equal(t, "verified", result.Variables["cs_status"])
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		status, body := one.askWith(secret, "/v1/calls?customer=C-1")
		require.Equal(c, http.StatusOK, status, body)
		require.EqualValues(c, 1, body["of"])
		assert.Equal(c, result.Variables["cs_call"], body["calls"].([]any)[0].(map[string]any)["call"])
	}, patience, 50*time.Millisecond)
	status, body := one.askWith(secret, "/v1/calls/"+result.Variables["cs_call"]+"/journey")
	require.Equal(t, http.StatusOK, status, body)
	assert.NotEmpty(t, body["events"])
	status, body = one.askWith(secret, "/v1/reports/summary")
	require.Equal(t, http.StatusOK, status, body)
	assert.Equal(t, "summary", body["report"])

	next := strings.TrimSpace(s.must("keys", "rotate", "shop", "--grace", "7d"))
	soon(two, next, http.StatusNotFound)
	soon(two, secret, http.StatusNotFound)
	listed := s.must("keys", "list", "--json")
	var k listedKey
	require.NoError(t, json.Unmarshal([]byte(strings.Split(listed, "\n")[0]), &k))
	assert.Equal(t, "shop", k.Name)
	assert.NotNil(t, k.OldUntil)
	assert.Equal(t, time.Now().UTC().Format(time.DateOnly), k.Used)
	assert.Contains(t, listed, `"name":"test"`, "that of the settings")
	assert.NotContains(t, listed, next)
	text := s.must("keys", "list")
	assert.Contains(t, text, "old key good until")
	assert.Contains(t, text, "in the settings")
	assert.Contains(t, s.must("keys", "set", "shop", "--scope", "tokens"), "shop: tokens")
	soon(two, next, http.StatusForbidden)
	s.must("keys", "revoke", "shop")
	soon(two, next, http.StatusUnauthorized)
	soon(one, secret, http.StatusUnauthorized)
	status, _ = one.askWith(apiKey, "/v1/calls/none")
	assert.Equal(t, http.StatusNotFound, status, "keys of the settings go on")

	entries := s.must("audit", "list")
	for _, action := range []string{"key_added", "key_rotated", "key_changed", "key_revoked"} {
		assert.Contains(t, entries, action)
	}
	assert.NotContains(t, entries+one.log()+two.log(), secret)
	assert.NotContains(t, entries+one.log()+two.log(), next)

	for want, args := range map[string]string{
		"a scope is missing":         "add other",
		`no scope "all"`:             "add other --scope all",
		"the name":                   "add Other_1 --scope calls",
		"--grace 31d":                "rotate test --grace 31d",
		"test is a key of the":       "add test --scope calls",
		"there is no key":            "revoke other",
		"one argument, the key's na": "revoke",
	} {
		code, _, stderr := s.run(append([]string{"keys"}, strings.Fields(args)...)...)
		assert.NotEqual(t, exitDone, code, args)
		assert.Contains(t, stderr, want, args)
	}
}
