package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
)

func TestChangedSettingsAreAppliedOrNeedARestart(t *testing.T) {
	t.Parallel()
	before, after := defaults(), defaults()
	applied, restart := changes(before, after)
	assert.Empty(t, applied)
	assert.Empty(t, restart)
	after.Log.Level, after.Log.Format = "debug", "json"
	after.Guard.LockAfter = 3
	after.Web.Listen = "127.0.0.1:9999"
	after.Web.Keys = map[string]apiClient{"new": {}}
	after.Socket.MaxCalls = 7
	after.Backend.URL = "http://127.0.0.1:1"
	applied, restart = changes(before, after)
	assert.Equal(t, []string{"backend.url", "guard.lock_after", "web.keys", "log.level"}, applied)
	assert.Equal(t, []string{"socket.max_calls", "web.listen", "log.format"}, restart)
	next := before.withRestartOnly(after)
	applied, restart = changes(next, after)
	assert.Empty(t, applied, "they are in force")
	assert.Equal(t, []string{"socket.max_calls", "web.listen", "log.format"}, restart, "they are as before")
}

func TestEveryReloadableSettingExists(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("countersign.example.yaml")
	require.NoError(t, err)
	for _, path := range reloadable {
		section, below, _ := strings.Cut(path, ".")
		assert.Contains(t, "\n"+string(text), "\n"+section+":", path)
		assert.Contains(t, string(text), below)
	}
}

func TestATaskRunsAnewWhenItsSettingsChange(t *testing.T) {
	t.Parallel()
	s := newSettings(defaults())
	ran := make(chan time.Duration, 10)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		s.whileInForce(ctx, retentionOf, func(ctx context.Context, cfg config) {
			ran <- time.Duration(cfg.Retention.Journal)
			if cfg.Retention.Journal == duration(2*day) {
				return // nothing to do by these settings
			}
			<-ctx.Done()
		})
	}()
	assert.Equal(t, 90*day, <-ran)
	cfg := defaults()
	cfg.Log.Level = "debug"
	s.set(cfg) // another part
	for _, d := range []time.Duration{2 * day, 3 * day} {
		cfg.Retention.Journal = duration(d)
		s.set(cfg)
		assert.Equal(t, d, <-ran)
	}
	cancel()
	<-over
	assert.Empty(t, ran)
}

// reload sends SIGHUP and waits for what became of it.
func (n *node) reload() (done reload) {
	t := n.s.t
	t.Helper()
	before := n.reloaded()
	require.NoError(t, n.signal(syscall.SIGHUP))
	require.Eventually(t, func() bool {
		done = n.reloaded()
		return done.At.After(before.At)
	}, patience, 2*time.Millisecond)
	return done
}

func (n *node) reloaded() (done reload) {
	text, err := os.ReadFile(filepath.Join(n.s.dir, n.name, "reload.json"))
	require.NoError(n.s.t, err)
	require.NoError(n.s.t, json.Unmarshal(text, &done))
	return done
}

// A hundred reloads, good and bad, while callers call: no call notices.
func TestReloadsDuringCalls(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, adaAndBob, "")
	n := s.nodes[0]
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	calls, stop := s.keepCalling(3, rightPIN) // more at once on one account would be guesses
	for i := range 100 {
		s.settings = []string{"guard: {lock_after: 60, total: 100}", "guard: {lock_after: -1}", "guard: {lock_after: 50", "line: {region: US}"}[i%4]
		s.config(n.name)
		switch done := n.reload(); i % 4 {
		case 0:
			assert.Contains(t, done.Applied, "guard.lock_after")
			assert.Empty(t, done.Error)
		case 3:
			assert.Contains(t, done.Applied, "line.region")
		default:
			assert.NotEmpty(t, done.Error)
			assert.Empty(t, done.Applied, "nothing is half done")
		}
	}
	met := calls.Load() + 40
	require.Eventually(t, func() bool { return calls.Load() >= met }, patience, 5*time.Millisecond)
	for _, of := range stop() {
		for _, r := range of {
			assert.Equal(t, "verified", r.Variables["cs_status"], "%+v", r.Variables)
		}
	}
	assert.Equal(t, exitDone, n.stop())
}

// What a reload applies is what the next call, and the next request, meet.
func TestAReloadIsWhatTheNextCallMeets(t *testing.T) {
	t.Parallel()
	var sent [2]atomic.Int32
	gateway := func(i int) string {
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent[i].Add(1) }))
		t.Cleanup(server.Close)
		return "sms: {url: \"" + server.URL + "/messages\"}\n"
	}
	first, second := gateway(0), gateway(1)
	s := newSite(t, 1, "id,phones,account\nC-1,+15551230001,100042\nC-2,+15551230002,100055\n", noWaiting+first)
	n := s.nodes[0]
	s.apply(bankLine("codes", "5100", "sms_code: {}"))
	call := func(account string) {
		n.call(sim.CallOptions{From: "anonymous", To: "5100", Caller: keys("ask-account", account)})
	}
	call("100042")
	reload := func(settings string) (code int, stdout, stderr string) {
		file := filepath.Join(s.dir, n.name+".yaml")
		require.NoError(t, os.WriteFile(file, []byte("node: n1\nnats: {url: \""+s.url+"\"}\n"+settings), 0o600))
		return countersign(t, "", "--config", file, "--data", filepath.Join(s.dir, n.name), "reload")
	}
	code, stdout, stderr := reload(noWaiting + second + "log: {format: json}\n")
	require.Equal(t, exitDone, code, stderr)
	assert.Contains(t, stdout, "reloaded: ")
	assert.Regexp(t, "needs a restart: .*log.format", stdout)
	call("100055")
	assert.EqualValues(t, 1, sent[0].Load())
	assert.EqualValues(t, 1, sent[1].Load(), "the next message goes the new way")
	status, _ := n.ask("GET", "/v1/calls/none", "")
	assert.Equal(t, http.StatusForbidden, status, "the key is gone")

	code, _, stderr = reload("nonsense: true\n")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "nonsense")
	assert.Contains(t, stderr, "nothing was changed")
	assert.Equal(t, exitDone, n.stop())
}

func TestWithoutAServiceThereIsNothingToReload(t *testing.T) {
	t.Parallel()
	code, _, stderr := countersign(t, "", "--data", t.TempDir(), "reload")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "no service runs on this data folder")
}
