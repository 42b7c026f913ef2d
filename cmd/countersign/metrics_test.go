package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/freeswitch/sim"
	"countersign/ops/metrics"
)

// observed is a service in this process, with a CRM that knows Ada alone.
type observed struct {
	t     *testing.T
	s     *service
	phone *sim.Switch
	log   lockedBuffer
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newObserved starts the service with settings beside its own.
func newObserved(t *testing.T, settings string) *observed {
	t.Helper()
	front := newCRMFront(t, crmCustomer("C-1", "+15551230001", "100042", "246813"))
	dir := t.TempDir()
	file := filepath.Join(dir, "c.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
socket: {listen: "127.0.0.1:0", drain: 5s}
web: {listen: ""}
nats: {listen: "127.0.0.1:0", timeout: 5s}
`+front.finding(checking)+settings), 0o600))
	cfg, err := readConfig(file)
	require.NoError(t, err)
	cfg.data = filepath.Join(dir, "data")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o := &observed{t: t}
	inForce := newSettings(cfg)
	s, err := startService(ctx, inForce, io.Discard, inForce.logger(&o.log))
	require.NoError(t, err)
	t.Cleanup(func() {
		stopping, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		assert.NoError(t, s.stop(stopping))
	})
	require.NoError(t, s.awaitNATS(ctx))
	phone, err := sim.New(sim.Options{Address: s.listener.Addr().String(), DeadMan: 4 * time.Minute})
	require.NoError(t, err)
	o.s, o.phone = s, phone
	return o
}

// call places a call.
func (o *observed) call(from string, caller sim.Caller) sim.Result {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), patience)
	defer cancel()
	r, err := o.phone.Call(ctx, sim.CallOptions{From: from, To: anyNumber, Caller: caller})
	require.NoError(o.t, err)
	assert.Equal(o.t, sim.Transferred, r.End, r.Reason)
	return r
}

func (o *observed) scrape(c require.TestingT) string {
	request, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet,
		fmt.Sprintf("http://%s%s", o.s.insight.listener.Addr(), metrics.Path), nil)
	require.NoError(c, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(c, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(c, err)
	require.Equal(c, http.StatusOK, response.StatusCode)
	return string(text)
}

func TestPrometheusSeesWhatCallsDid(t *testing.T) {
	t.Parallel()
	system := newCRM(t)
	o := newObserved(t, `metrics: {listen: "127.0.0.1:0"}
webhooks: {sink: {url: "`+system.URL+`/events", secret: `+webhookSecret+`, facts: ["*"]}}
`)
	require.Eventually(t, func() bool { // the webhook hears of these calls
		all, err := shownWebhooks{o.s.cfg, o.s.state, o.s.events}.Statuses(t.Context())
		return err == nil && all[0].Known
	}, patience, 10*time.Millisecond)
	const right, wrong = "246813", "864213"
	for range 2 {
		o.call("+15551230001", keys("ask-pin", right))
	}
	o.call("+15551230001", keys("ask-pin", wrong))
	var text string
	const delivered = `countersign_requests_total{operation="post call_ended",result="answered",system="webhook sink"} 3`
	require.Eventually(t, func() bool { // the events are with NATS and the webhook
		text = o.scrape(t)
		return strings.Contains(text, "\ncountersign_outbox_events 0\n") && strings.Contains(text, delivered) &&
			strings.Contains(text, `countersign_webhook_behind_events{webhook="sink"} 0`)
	}, patience, 50*time.Millisecond)
	text = o.ours(t)
	for _, want := range []string{
		`countersign_calls_begun_total{line="default"} 3`,
		`countersign_calls_ended_total{end="routed",line="default",status="verified"} 2`,
		`countersign_calls_ended_total{end="routed",line="default",status="identified"} 1`,
		`countersign_calls_reason_total{reason="ok"} 2`, `countersign_calls_reason_total{reason="wrong_answer"} 1`,
		`countersign_call_seconds_count 3`,
		`countersign_steps_total{result="passed",step="ani"} 3`,
		`countersign_steps_total{result="passed",step="pin"} 2`, `countersign_steps_total{result="failed",step="pin"} 1`,
		`countersign_step_seconds_count{step="pin"} 3`,
		`countersign_requests_total{operation="by_phone",result="answered",system="crm"} 3`,
		`countersign_request_seconds_count{operation="check.pin",system="crm"} 5`, `countersign_breaker_open{system="crm"} 0`,
		`countersign_calls_running 0`, `countersign_calls_limit 5000`,
		`countersign_connections_refused_total{cause="limit"} 0`, `countersign_hash_refused_total 0`,
		`countersign_nats_connected 1`, `countersign_shared_state_away 0`, `countersign_journal_writable 1`,
		`countersign_outbox_age_seconds 0`, `countersign_events_lost_total 0`,
		`countersign_webhook_behind_events{webhook="sink"} 0`, `countersign_webhook_calls{state="dead",webhook="sink"} 0`,
		`countersign_sqlite_transactions_total{file="journal.db",result="failed"} 0`,
		`countersign_scrape_failures_total{part="outbox"} 0`,
	} {
		assert.Contains(t, text, "\n"+want+"\n")
	}
	assert.Regexp(t, `\ncountersign_reaction_seconds_count 1[0-9]`, text)
	sum := regexp.MustCompile(`\ncountersign_reaction_seconds_sum (\S+)`).FindStringSubmatch(text)
	require.Len(t, sum, 2)
	took, err := strconv.ParseFloat(sum[1], 64)
	require.NoError(t, err)
	assert.Less(t, took, 4.0, "the pause before a question is asked again is the caller's time")
	assert.Regexp(t, `\ncountersign_events_published_total [1-9]`, text)
	assert.Regexp(t, `\ncountersign_stream_messages [1-9]`, text)
	assert.Regexp(t, `\ncountersign_stream_bytes [1-9]`, text)
	for _, private := range []string{"5551230001", "0001\"", "100042", "C-1", "246813", "864213", "Customer"} {
		assert.NotContains(t, text, private)
	}
}

// ours are the samples of our own metrics.
func (o *observed) ours(t *testing.T) string {
	var all strings.Builder
	all.WriteString("\n")
	for line := range strings.Lines(o.scrape(t)) {
		if strings.HasPrefix(line, "countersign_") && !strings.Contains(line, "_bucket{") {
			all.WriteString(line)
		}
	}
	return all.String()
}

func TestTheLastLineOfACallTellsItsStory(t *testing.T) {
	t.Parallel()
	o := newObserved(t, "log: {level: error, levels: {session: info}}\n")
	r := o.call("+15551230001", sim.Script(sim.Pace{},
		sim.Answer{Prompt: "ask-pin", Keys: "864213#"}, sim.Answer{Prompt: "ask-pin-again", Keys: "246813#"}))
	require.Eventually(t, func() bool { return strings.Contains(o.log.String(), "call ends") }, patience, time.Millisecond)
	said := o.log.String()
	assert.Regexp(t, `level=INFO msg="call ends" call=`+r.Variables["cs_call"]+` line=default end=routed status=verified level=2 `+
		`reason=ok step="" methods=ani,pin steps="ani passed, pin passed \(2 attempts\)" to="menu XML default" cause="" `+
		`took=\S+ channel=\S+\n`, said)
	assert.NotContains(t, said, "nats connected", "another part has another level")
	for _, private := range []string{"5551230001", "246813", "864213", "C-1", "Customer"} {
		assert.NotContains(t, said, private)
	}
}

func TestNobodyCountsWithoutMetrics(t *testing.T) {
	t.Parallel()
	o := newObserved(t, "")
	o.call("+15551230001", keys("ask-pin", "246813"))
	assert.Nil(t, o.s.insight.listener)
	assert.Nil(t, o.s.insight.reacted())
	assert.Nil(t, o.s.insight.of("crm", nil).Asked)
}
