package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/session/event"
)

const webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// crm is a company's system that takes webhooks, and can be told to refuse them.
type crm struct {
	*httptest.Server
	mu     sync.Mutex
	refuse bool
	got    []event.Event
}

func newCRM(t *testing.T) *crm {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(webhookSecret)
	require.NoError(t, err)
	c := &crm{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case r.Method == http.MethodHead:
		case c.refuse:
			w.WriteHeader(http.StatusServiceUnavailable)
		case verifier.Verify(body, r.Header) != nil:
			w.WriteHeader(http.StatusUnauthorized)
		default:
			var e event.Event
			if assert.NoError(t, json.Unmarshal(body, &e)) {
				c.got = append(c.got, e)
			}
			_, _ = w.Write([]byte(`{"thanks": true}`))
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *crm) refuses(yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse = yes
}

// ids are the events that the CRM took, of one call.
func (c *crm) ids(call string) (ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.got {
		if e.Call == call {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// Two machines, one of which is killed while the CRM is away: each event arrives, in order.
func TestAWebhookGetsEveryEventWhateverHappens(t *testing.T) {
	t.Parallel()
	system := newCRM(t)
	s := newSite(t, 2, adaAndBob, `
webhooks: {crm: {url: "`+system.URL+`/events", secret: `+webhookSecret+`, facts: ["*"]}}
`)
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	call := func(n *node) (id string, want []string) {
		r := n.call(sim.CallOptions{
			From: "+15550001111", To: "5200", Caller: keys("ask-account", "100042", "ask-pin", "246813"),
		})
		for _, e := range s.journey(r) {
			id, want = e.Call, append(want, e.ID)
		}
		return id, want
	}
	arrives := func(id string, want []string) {
		t.Helper()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			var once []string
			seen := map[string]bool{}
			for _, got := range system.ids(id) {
				if !seen[got] {
					once = append(once, got)
				}
				seen[got] = true
			}
			assert.Equal(c, want, once)
		}, patience, 50*time.Millisecond)
	}
	id, want := call(s.nodes[0])
	arrives(id, want)
	assert.Equal(t, want, system.ids(id), "each once")

	system.refuses(true)
	away, wanted := call(s.nodes[1])
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var line webhookLine
		require.NoError(c, json.Unmarshal([]byte(s.must("webhooks", "list", "--json")), &line))
		assert.Equal(c, 1, line.Failing)
		assert.Contains(c, line.Error, "status 503")
	}, patience, 50*time.Millisecond)
	for _, n := range s.nodes {
		n.kill() // whichever delivers
		n.start()
	}
	system.refuses(false)
	s.must("webhooks", "retry", "crm")
	arrives(away, wanted)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Empty(c, s.must("webhooks", "failed", "crm", "--json"))
	}, patience, 50*time.Millisecond)
}

func TestAWebhookIsTriedByCommand(t *testing.T) {
	t.Parallel()
	system := newCRM(t)
	s := newSite(t, 1, adaAndBob, `
webhooks:
  crm: {url: "`+system.URL+`/events", secret: `+webhookSecret+`}
  wrong: {url: "`+system.URL+`/events", secret: whsec_dGhpcyBpcyBhbm90aGVyIHNlY3JldCBvZiBvdXJz}
`)
	out := s.must("webhooks", "test", "crm")
	assert.Contains(t, out, "POST: status 200 after")
	assert.Contains(t, out, `{"thanks": true}`)
	assert.Equal(t, []string{"webhook-test.1"}, system.ids("webhook-test"))
	code, _, stderr := s.run("webhooks", "test", "wrong")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "status 401: check secret")
	code, _, stderr = s.run("webhooks", "test", "nobody")
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "there are crm, wrong")
	_, findings, _ := s.run("doctor", "--json")
	assert.Contains(t, findings, "crm answers on 127.0.0.1")
}
