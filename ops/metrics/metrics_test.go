package metrics

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/backend/endpoint"
	"countersign/backend/webhook"
	"countersign/bus"
	"countersign/session/event"
	"countersign/store/customers"
	"countersign/store/journal"
	"countersign/store/sqlite"
)

// kept is a journal that takes everything, or nothing.
type kept struct{ err error }

func (k kept) Append(...event.Event) error { return k.err }
func (k kept) Sync(context.Context) error  { return nil }

func sources() Sources {
	return Sources{
		Calls: func() int { return 3 }, MaxCalls: 5000, Refused: func() (uint64, uint64) { return 1, 2 },
		Hash:         func() customers.HashQueue { return customers.HashQueue{Running: 2, Waiting: 5, AtOnce: 2, Refused: 7} },
		Journal:      func() journal.Status { return journal.Status{Waiting: 10, InSpill: 4, Err: io.ErrShortWrite} },
		Relay:        func() bus.RelayStatus { return bus.RelayStatus{Connected: true, Published: 40, Refused: 1} },
		SharedAway:   func() bool { return true },
		CustomersAge: func() (time.Duration, bool) { return 90 * time.Second, true },
		Writes:       map[string]func() sqlite.Writes{"journal.db": func() sqlite.Writes { return sqlite.Writes{Done: 9, Busy: 1} }},
		Backlog:      func(context.Context) (int, time.Time, error) { return 6, time.Now().Add(-time.Minute), nil },
		Stream:       func(context.Context) (bus.StreamStatus, error) { return bus.StreamStatus{Messages: 8, Bytes: 900}, nil },
		Webhooks: func(context.Context) ([]webhook.Status, error) {
			return []webhook.Status{{Name: "crm", Behind: 4, Dead: make([]webhook.Failing, 2)}}, nil
		},
	}
}

// call is a call whose caller gets one answer wrong and is locked for it.
func call(line string) []event.Event {
	until := time.Now()
	return []event.Event{
		{Line: line, Data: event.CallStarted{}},
		{Line: line, Data: event.StepStarted{Step: "pin"}},
		{Line: line, Data: event.CodeSent{Way: event.WaySMS, State: event.CodeSentOff}},
		{Line: line, Data: event.Locked{On: event.LockOnCustomer, Until: &until, Began: true}},
		{Line: line, Data: event.StepFinished{Step: "pin", Result: event.StepFailed, Milliseconds: 4000}},
		{Line: line, Data: event.CallEnded{
			End: event.EndRouted, Status: event.StatusIdentified, Reason: event.ReasonLocked, Milliseconds: 9000,
		}},
	}
}

// everything is metrics of which each has counted.
func everything(t *testing.T) *Metrics {
	t.Helper()
	m := New("v1.2.3")
	m.Watch(sources())
	require.NoError(t, m.Follow(kept{}).Append(call("retail")...))
	require.Error(t, m.Follow(kept{journal.ErrFull}).Append(call("retail")...))
	m.Reacted(3 * time.Millisecond)
	m.Opened("crm")(true)
	asked := m.Asked("crm")
	asked(t.Context(), endpoint.Asked{Operation: "by_phone", Took: 20 * time.Millisecond, Result: endpoint.Answered})
	asked(t.Context(), endpoint.Asked{Operation: "by_phone", Result: endpoint.NotAsked})
	return m
}

func scrape(t *testing.T, h http.Handler, path string) (status int, text string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestWhatIsCounted(t *testing.T) {
	t.Parallel()
	m := everything(t)
	status, text := scrape(t, m.Handler(), Path)
	require.Equal(t, http.StatusOK, status)
	for _, want := range []string{
		`countersign_build_info{version="v1.2.3"} 1`,
		`countersign_calls_running 3`, `countersign_calls_limit 5000`,
		`countersign_connections_refused_total{cause="address"} 1`, `countersign_connections_refused_total{cause="limit"} 2`,
		`countersign_calls_begun_total{line="retail"} 1`,
		`countersign_calls_ended_total{end="routed",line="retail",status="identified"} 1`,
		`countersign_calls_reason_total{reason="locked"} 1`,
		`countersign_call_seconds_bucket{le="10"} 1`, `countersign_call_seconds_bucket{le="5"} 0`,
		`countersign_steps_total{result="failed",step="pin"} 1`, `countersign_step_seconds_sum{step="pin"} 4`,
		`countersign_codes_total{state="sent",way="sms"} 1`,
		`countersign_locks_total{on="customer"} 1`, `countersign_locked_calls_total{on="customer"} 1`,
		`countersign_events_lost_total 6`,
		`countersign_reaction_seconds_bucket{le="0.005"} 1`, `countersign_reaction_seconds_bucket{le="0.002"} 0`,
		`countersign_requests_total{operation="by_phone",result="answered",system="crm"} 1`,
		`countersign_requests_total{operation="by_phone",result="not_asked",system="crm"} 1`,
		`countersign_request_seconds_count{operation="by_phone",system="crm"} 1`, `countersign_breaker_open{system="crm"} 1`,
		`countersign_hash_running 2`, `countersign_hash_waiting 5`, `countersign_hash_slots 2`, `countersign_hash_refused_total 7`,
		`countersign_journal_waiting_events{where="memory"} 6`, `countersign_journal_waiting_events{where="spill"} 4`,
		`countersign_journal_writable 0`, `countersign_outbox_events 6`, `countersign_nats_connected 1`,
		`countersign_events_published_total 40`, `countersign_events_refused_total 1`, `countersign_shared_state_away 1`,
		`countersign_customers_age_seconds 90`,
		`countersign_stream_messages 8`, `countersign_stream_bytes 900`, `countersign_webhook_behind_events{webhook="crm"} 4`,
		`countersign_webhook_calls{state="dead",webhook="crm"} 2`,
		`countersign_sqlite_transactions_total{file="journal.db",result="done"} 9`,
		`countersign_scrape_failures_total{part="outbox"} 0`,
	} {
		assert.Contains(t, text, "\n"+want+"\n")
	}
	assert.Regexp(t, `\ncountersign_outbox_age_seconds 6\d`, text)
	assert.Contains(t, text, "\ngo_goroutines ")
	assert.Contains(t, text, "\nprocess_resident_memory_bytes ")
	status, _ = scrape(t, m.Handler(), "/")
	assert.Equal(t, http.StatusNotFound, status)
}

func TestTestsAndReplaysDoNotCount(t *testing.T) {
	t.Parallel()
	m := New("")
	j := m.Follow(kept{})
	require.NoError(t, j.Append(event.Event{Line: "a", Test: true, Data: event.CallStarted{}},
		event.Event{Line: "a", Replay: "r", Data: event.CallStarted{}}))
	assert.Zero(t, testutil.CollectAndCount(m.calls.begun))
}

func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	m := New("")
	j := m.Follow(kept{})
	for i := range mostLines + 50 {
		require.NoError(t, j.Append(call(strconv.Itoa(i))...))
	}
	assert.Equal(t, mostLines+1, testutil.CollectAndCount(m.calls.begun))
	assert.InDelta(t, 50, testutil.ToFloat64(m.calls.begun.WithLabelValues(other)), 0)
}

func TestWhatHangsDoesNotTakeTheOthersWithIt(t *testing.T) {
	t.Parallel()
	m, s := New(""), sources()
	s.Stream = func(ctx context.Context) (bus.StreamStatus, error) {
		<-ctx.Done()
		return bus.StreamStatus{}, ctx.Err()
	}
	s.Backlog = func(context.Context) (int, time.Time, error) { return 0, time.Time{}, errors.New("database is locked") }
	m.Watch(s)
	status, text := scrape(t, m.Handler(), Path)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "\ncountersign_calls_running 3\n")
	assert.Contains(t, text, "\ncountersign_webhook_behind_events{webhook=\"crm\"} 4\n")
	assert.Contains(t, text, `countersign_scrape_failures_total{part="stream"} 1`)
	assert.Contains(t, text, `countersign_scrape_failures_total{part="outbox"} 1`)
	assert.NotContains(t, text, "countersign_stream_messages")
	assert.NotContains(t, text, "countersign_outbox_events")
}

func TestNamesAreAsPrometheusAdvises(t *testing.T) {
	t.Parallel()
	problems, err := testutil.GatherAndLint(everything(t).registry)
	require.NoError(t, err)
	assert.Empty(t, problems)
}

var (
	named    = regexp.MustCompile("`(countersign_[a-z_]+)`")
	fullName = regexp.MustCompile(`fqName: "(countersign_[a-z_]+)"`)
)

// metricNames lists what a service tells.
func metricNames(t *testing.T) (all []string) {
	t.Helper()
	to := make(chan *prometheus.Desc)
	go func() {
		defer close(to)
		m := New("")
		m.registry.Describe(to)
		newStatus(sources()).Describe(to)
	}()
	for d := range to {
		if m := fullName.FindStringSubmatch(d.String()); m != nil {
			all = append(all, m[1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func page(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestEveryMetricIsDocumentedAndNoOther(t *testing.T) {
	t.Parallel()
	text := page(t, "../../docs/metrics.md")
	var documented []string
	for _, m := range named.FindAllStringSubmatch(text, -1) {
		documented = append(documented, m[1])
	}
	slices.Sort(documented)
	assert.Equal(t, metricNames(t), slices.Compact(documented))
	for name, buckets := range map[string][]float64{
		"call": callBuckets, "step": stepBuckets, "reaction": reactionBuckets, "request": requestBuckets,
	} {
		var words []string
		for _, b := range buckets {
			words = append(words, strconv.FormatFloat(b, 'f', -1, 64))
		}
		assert.Contains(t, text, "| `countersign_"+name+"_seconds` | "+strings.Join(words, ", ")+" |")
	}
	for _, r := range endpoint.Results() {
		assert.Contains(t, text, "`"+string(r)+"`")
	}
}

// BenchmarkFollow is what the events of a call cost more: of the 5 ms or so of a whole call.
func BenchmarkFollow(b *testing.B) {
	j, events := New("").Follow(kept{}), call("retail")
	b.ReportAllocs()
	for b.Loop() {
		for i := range events {
			_ = j.Append(events[i : i+1]...)
		}
	}
}

// BenchmarkReacted is what one command costs more; a call has ten or so.
func BenchmarkReacted(b *testing.B) {
	m := New("")
	b.ReportAllocs()
	for b.Loop() {
		m.Reacted(time.Millisecond)
	}
}
