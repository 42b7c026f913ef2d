package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/stub"
	"countersign/freeswitch/sim"
)

// TestSoak is task soak: COUNTERSIGN_SOAK=1h puts mixed calls on a service for so long, with agents, screens, API,
// webhooks and operators at work beside them, and samples what must not grow. docs/soak.md has what is judged, and
// results.
func TestSoak(t *testing.T) {
	text := os.Getenv("COUNTERSIGN_SOAK")
	if text == "" {
		t.Skip("COUNTERSIGN_SOAK says for how long: 30s shows that it works, 30m and more is judged")
	}
	length, err := time.ParseDuration(text)
	require.NoError(t, err, "COUNTERSIGN_SOAK")
	s := newSoak(t, length)
	defer s.desk.Close()
	s.publish(0)
	s.settle("before the calls")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var beside sync.WaitGroup
	s.besides(ctx, &beside)
	sampled := make(chan struct{})
	go func() { defer close(sampled); s.sample(ctx) }()
	s.callers.ring(t.Context(), length)
	stop()
	beside.Wait()
	<-sampled
	s.settle("after the calls")
	t.Logf("calls ended: %s", s.callers.told())
	t.Logf("beside them: %s", counts(s.did))
	assert.Empty(t, s.wrong, "what went wrong beside the calls")
	if length >= shortestJudged {
		judgeSoak(t, s.samples, length)
	}
	s.recount()
	require.Equal(t, exitDone, s.service.end(), s.service.log())
}

// shortestJudged is the shortest run in which «flat» says anything: NATS alone recognises doubled events by what it keeps
// of the last ten minutes.
const shortestJudged = 30 * time.Minute

// soak is a company at work: everything in one service, with NATS inside.
type soak struct {
	*crashSite
	length  time.Duration
	metrics string // where they are
	inside  string // where lookInside answers
	desk    *sim.Desk
	callers *soakCallers
	load    *load // what screens need
	text    *stub.Messages
	hook    *soakReceiver
	samples []sample

	mu    sync.Mutex
	did   map[string]int // what was done beside the calls
	wrong map[string]int // what went wrong
}

const soakCustomers = 1200

// Customers from soakWrong on are those who key wrong PINs; soakErased is erased in the middle.
const (
	soakWrong  = 1000
	soakErased = "ERASE-ME-Q"
)

func newSoak(t *testing.T, length time.Duration) *soak {
	t.Helper()
	s := &soak{
		length: length, text: stub.NewMessages(""), hook: newSoakReceiver(length),
		did: map[string]int{}, wrong: map[string]int{},
	}
	dir := t.TempDir() // on a disk, as in life
	s.crashSite = newCrashSite(t)
	s.dir = dir
	agents := sim.DeskOptions{Ring: time.Second, Talk: 4 * time.Second, Patience: 5 * time.Second, Misses: .1}
	for i := range 40 {
		agents.Agents = append(agents.Agents, fmt.Sprintf("%d@bank.example", 1000+i))
	}
	s.desk = sim.NewDesk(agents)
	events, err := s.desk.Listen("127.0.0.1:0")
	require.NoError(t, err)
	gateway, receiver := httptest.NewServer(s.text), httptest.NewServer(s.hook)
	t.Cleanup(gateway.Close)
	t.Cleanup(receiver.Close)
	at := freePorts(t, 5)
	s.metrics = "http://" + at[3] + "/metrics"
	s.settings = s.file("c.yaml", fmt.Sprintf(soakSettings, at[0], at[1], at[1], sum(apiKey), at[2], at[3], events,
		gateway.URL, receiver.URL, webhookSecret, filepath.Join(s.dir, "reports")))
	require.NoError(t, os.MkdirAll(filepath.Join(s.dir, "reports"), 0o700))
	s.start(at[4], manyCustomers(soakCustomers)+calledBack()+soakErased+","+soakErasedNumber+",888001,864209\n")
	s.phone, err = sim.New(sim.Options{
		Address: at[0], Speed: soakSpeed(length), DeadMan: 4 * time.Minute, Desk: s.desk,
	})
	require.NoError(t, err)
	s.load = &load{url: s.api, transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	t.Cleanup(s.load.transport.CloseIdleConnections)
	s.callers = &soakCallers{soak: s, ended: map[string]int{}}
	require.Eventually(t, func() bool { return s.desk.Listeners() > 0 }, patience, 10*time.Millisecond)
	return s
}

// start imports the customers, and starts a service that also tells of its memory.
func (s *soak) start(inside, customers string) {
	s.t.Helper()
	code, _, stderr := countersign(s.t, customers, "--config", s.settings, "--data", s.data("service"), "customers",
		"import", "-")
	require.Equal(s.t, exitDone, code, stderr)
	s.inside = "http://" + inside
	s.service = s.add("service", func(line string) {
		at, nats := serving.FindStringSubmatch(line), natsOf.FindStringSubmatch(line)
		require.Len(s.t, at, 3, line)
		require.Len(s.t, nats, 2, line)
		s.url, s.api = nats[1], at[2]
	}, "serve")
	run := s.service.command
	s.service.command = func(ctx context.Context) *exec.Cmd {
		cmd := run(ctx)
		cmd.Env = append(cmd.Env, "COUNTERSIGN_TEST_INSIDE="+inside)
		return cmd
	}
	s.service.start()
}

// soakSpeed is how many times faster than people callers and agents are.
func soakSpeed(length time.Duration) float64 {
	if length < shortestJudged {
		return 20
	}
	return 3
}

// calledBack are customers with numbers that are not anybody's, and can be called back.
func calledBack() string {
	var csv strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&csv, "B-%d,+493023125%03d,%d,864209\n", i, i, 500000+i)
	}
	return csv.String()
}

const soakSettings = `node: soak
socket: {listen: %q}
web: {listen: %q, url: "http://%s", keys: {test: {sha256: %s,
  scopes: [calls, step-up, tokens, receipts, reports, embed, customers, lines, callbacks, admin]}}}
customers: {hash: hmac}
guard: {anonymous: 10000, sends_apart: 1s, sends_per_day: 100}
nats: {listen: %q, timeout: 2s}
metrics: {listen: %q}
freeswitch: [{address: %q, password: ClueCon}]
sms: {url: "%s/messages"}
webhooks: {crm: {url: "%s/crm", secret: %s, facts: ["*"], names: true, timeout: 2s}}
wallboard: {queues: {"agents@default": {title: {en: Agents}, numbers: true}}}
callbacks:
  {dial: "sofia/gateway/trunk/{digits}", window: 5m, capacity: 1000, remind: 0s,
  hours: {tz: UTC, open: "Mo-Su 00:00-24:00"}}
reports:
  {schedules: [{name: often, cron: "* * * * *", tz: UTC, report: summary, period: yesterday, format: csv, folder: %q}]}
log: {level: warn}
`

func sum(key string) string {
	s := sha256.Sum256([]byte(key))
	return hex.EncodeToString(s[:])
}

func (s *soak) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(s.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// fault notes that something went wrong that is not about a call.
func (s *soak) fault(what string, err error) {
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong[fmt.Sprintf("%s: %.300s", what, err)]++
}

func (s *soak) done(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did[what]++
}

// settle waits until every call is over, and NATS and reports have all of them.
func (s *soak) settle(when string) {
	s.t.Helper()
	s.awaitRow("SELECT count(*) FROM calls WHERE ended IS NULL", 0)
	s.awaitRow("SELECT count(*) FROM outbox", 0)
	s.awaitCounted(s.t, s.jetStream(s.t), "service")
	s.t.Logf("%s: all is published and counted", when)
}

// counts lists words with how often each was, the most frequent first.
func counts(all map[string]int) string {
	words := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if all[a] != all[b] {
			return all[b] - all[a]
		}
		return strings.Compare(a, b)
	})
	var out []string
	for _, w := range words {
		out = append(out, fmt.Sprintf("%d %s", all[w], w))
	}
	return strings.Join(out, ", ")
}
