package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/freeswitch/sim"
)

// reloaded reloads the nodes, one after the other, as their operator does.
func (s *site) reloaded(nodes ...*node) {
	s.t.Helper()
	for _, n := range nodes {
		require.Empty(s.t, n.reload().Error)
	}
}

// write writes a file that all machines share.
func (s *site) write(name, text string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600))
}

func (s *site) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	require.NoError(s.t, err)
	return string(text)
}

// takes says whether a node's API takes a key.
func (n *node) takes(key string) bool {
	n.s.t.Helper()
	request, err := http.NewRequestWithContext(n.s.t.Context(), http.MethodGet, n.api+"/v1/calls/none", nil)
	require.NoError(n.s.t, err)
	request.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(n.s.t, err)
	require.NoError(n.s.t, answer.Body.Close())
	return answer.StatusCode == http.StatusNotFound // there is no such call, for those who may ask
}

// last is the last word of what a command has said.
func last(said string) string {
	words := strings.Fields(said)
	return words[len(words)-1]
}

// allVerified demands that no call has failed, and says how many there were.
func allVerified(t *testing.T, results [][]sim.Result) {
	t.Helper()
	all := slices.Concat(results...)
	require.NotEmpty(t, all)
	failed := 0
	for _, r := range all {
		if !assert.Equal(t, "verified", r.Variables["cs_status"], r.Variables["cs_reason"]) {
			failed++
		}
	}
	t.Logf("%d calls meanwhile, %d failed", len(all), failed)
}

func TestThePepperChangesWhileCallsRun(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, adaAndBob, "")
	one, two := s.nodes[0], s.nodes[1]
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	one.ready()
	two.ready()
	key := last(one.must("", "keys", "add", "shop", "--scope", "calls")) // what is sealed in NATS stays readable
	for range 3 {                                                        // and attempts stay counted
		one.call(sim.CallOptions{From: "anonymous", To: "5200", Caller: keys("ask-account", "100043", "ask-pin", "111999")})
	}
	failures := s.attempts("C-2", "--dry-run").Failures
	require.Positive(t, failures)
	_, stop := s.keepCalling(4, rightPIN)

	s.write("pepper", s.read("pepper")+strings.Repeat("5a", 32)+" next\n")
	s.reloaded(one, two)
	assert.Contains(t, findingsOf(t, one), "(next)")
	s.write("pepper", strings.ReplaceAll(s.read("pepper"), " next", ""))
	s.reloaded(one)
	one.must("", "keys", "add", "app", "--scope", "calls") // by a machine that is further
	assert.True(t, two.takes(key))
	s.reloaded(two)
	for _, n := range s.nodes {
		assert.Contains(t, findingsOf(t, n), "with secrets that are not under the one in use")
		assert.True(t, n.takes(key))
	}
	assert.Equal(t, failures, s.attempts("C-2", "--dry-run").Failures)
	before := s.read("pepper")
	s.write("pepper", before[strings.IndexByte(before, '\n')+1:])
	assert.Contains(t, one.reload().Error, "put its line back")
	s.write("pepper", before)
	s.reloaded(one)
	allVerified(t, stop())
	two.stop() // it starts with what is there now
	two.start()
	assert.Equal(t, "verified", two.call(rightPIN()).Variables["cs_status"])
}

func TestTheTokenKeyChangesWhileCallsRun(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, adaAndBob, "")
	one, two := s.nodes[0], s.nodes[1]
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	one.ready()
	issue := func(n *node) string {
		status, text := n.ask("POST", "/v1/tokens", `{"customer": "C-1", "methods": ["password"], "line": "bank"}`)
		require.Equal(t, http.StatusOK, status, text)
		var issued struct{ Token string }
		require.NoError(t, json.Unmarshal([]byte(text), &issued))
		return issued.Token
	}
	bring := func(n *node, token string) string {
		r := n.call(sim.CallOptions{
			From: "+15550001111", To: "5200", Caller: sim.Silent(),
			Variables: []sim.Variable{{Name: "sip_h_X-Countersign-Token", Value: token}},
		})
		return r.Variables["cs_status"]
	}
	_, stop := s.keepCalling(2, rightPIN)
	old, earlier := s.read("token.key"), []string{issue(one), issue(two), issue(one)}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	fresh := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))

	s.write("token.key", old+fresh)
	s.reloaded(one, two)
	s.write("token.key", fresh+old)
	s.reloaded(one)
	assert.Equal(t, "verified", bring(two, issue(one)), "the machine that is not as far takes it")
	assert.Equal(t, "verified", bring(one, issue(two)))
	s.reloaded(two)
	assert.Equal(t, "verified", bring(one, earlier[0]), "of the old key")
	assert.Equal(t, "verified", bring(two, earlier[1]))
	s.write("token.key", fresh)
	s.reloaded(one, two)
	assert.Equal(t, "verified", bring(two, issue(one)))
	assert.NotEqual(t, "verified", bring(two, earlier[2]), "its key is gone")
	s.write("token.key", "no key")
	assert.Contains(t, one.reload().Error, "damaged")
	assert.Equal(t, "verified", bring(two, issue(one)), "nothing has changed")
	allVerified(t, stop())
}

func TestAnAPIKeyChangesWhileCallsRun(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, adaAndBob, "")
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	for _, n := range s.nodes {
		n.ready()
	}
	_, stop := s.keepCalling(2, rightPIN)
	first := last(s.nodes[0].must("", "keys", "add", "shop", "--scope", "calls"))
	taken := func(key string, want bool) {
		t.Helper()
		for _, n := range s.nodes {
			require.Eventually(t, func() bool { return n.takes(key) == want }, patience, 10*time.Millisecond)
		}
	}
	taken(first, true)
	second := last(s.nodes[0].must("", "keys", "rotate", "shop", "--grace", "1h"))
	taken(second, true)
	taken(first, true)
	third := last(s.nodes[0].must("", "keys", "rotate", "shop", "--grace", "0s"))
	taken(third, true)
	taken(second, false)
	taken(first, false)
	allVerified(t, stop())
}

func TestTheNATSLoginChangesWhileCallsRun(t *testing.T) {
	t.Parallel()
	s := siteWithoutNodes(t, adaAndBob, "")
	at, err := url.Parse(s.url)
	require.NoError(t, err)
	s.nats.Shutdown()
	nats := func(password string) {
		keys := bus.KeyFiles{Write: filepath.Join(s.dir, "write.key"), Read: filepath.Join(s.dir, "read.key")}
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			e, err := bus.StartEmbedded(bus.EmbeddedOptions{
				Dir: s.store, Listen: at.Host, User: "services", Password: password, Keys: keys, Log: slog.New(slog.DiscardHandler),
			})
			require.NoError(c, err)
			s.nats = e
		}, patience, 10*time.Millisecond)
	}
	nats("one")
	s.natsLogin = ", user: services, password: one"
	s.add("n1")
	s.add("n2")
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	for _, n := range s.nodes {
		n.ready()
	}
	_, stop := s.keepCalling(2, rightPIN)
	s.nats.SetLogin("services", "two", "") // NATS accepts both
	s.natsLogin = ", user: services, password: two"
	for _, n := range s.nodes {
		s.config(n.name)
		done := n.reload()
		require.Empty(t, done.Error)
		assert.Contains(t, done.Applied, "nats.password")
		n.ready()
	}
	s.nats.Shutdown() // every connection is made anew
	nats("two")
	for _, n := range s.nodes {
		n.ready()
	}
	allVerified(t, stop())
	s.natsLogin = ", token: another"
	s.config("n1")
	assert.Contains(t, s.nodes[0].reload().Error, "needs a restart")
	assert.Equal(t, "verified", s.nodes[0].call(rightPIN()).Variables["cs_status"], "as before")
}
