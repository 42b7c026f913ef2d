package traces

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"countersign/session/event"
)

// collector is an OpenTelemetry collector.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	away  bool
	asked int
	spans []*otlp.Span
	raw   bytes.Buffer
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked++
		var request collect.ExportTraceServiceRequest
		if c.away || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &request) != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		c.raw.Write(body)
		for _, of := range request.ResourceSpans {
			for _, in := range of.ScopeSpans {
				c.spans = append(c.spans, in.Spans...)
			}
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// kept is a journal.
type kept struct{ err error }

func (k kept) Append(...event.Event) error { return k.err }
func (k kept) Sync(context.Context) error  { return nil }

func TestWithoutAnEndRunSendsWhatIsLeft(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	traces, err := New(Options{Endpoint: c.URL, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	j := traces.Follow(kept{errors.New("full")})
	at := time.Now()
	for _, e := range []event.Event{
		{Call: "odd id", Line: "l", Time: at, Data: event.CallStarted{}},
		{Call: "odd id", Line: "l", Time: at.Add(time.Second), Data: event.CallEnded{End: event.EndRouted}},
		{Call: "test", Test: true, Data: event.CallStarted{}},
		{Call: "test", Test: true, Data: event.CallEnded{}},
		{Call: "began before", Data: event.CallEnded{}},
		{Call: "goes on", Time: at, Data: event.CallStarted{}},
	} {
		assert.EqualError(t, j.Append(e), "full", "the journal's own error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	traces.Run(ended)
	require.Len(t, c.spans, 1)
	assert.Equal(t, "call", c.spans[0].Name)
	assert.Equal(t, uint64(time.Second), c.spans[0].EndTimeUnixNano-c.spans[0].StartTimeUnixNano)
	require.Len(t, traces.calls, 1)
	traces.forget(at.Add(time.Minute))
	assert.Empty(t, traces.calls, "a call that ended in a panic")
}

func TestACollectorThatIsAwayCostsTracesAndNothingElse(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	var log bytes.Buffer
	traces, err := New(Options{Endpoint: c.URL + "/", Log: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	j := traces.Follow(kept{})
	call := func() {
		require.NoError(t, j.Append(event.Event{Call: "c", Data: event.CallStarted{}}, event.Event{Call: "c", Data: event.CallEnded{}}))
	}
	for range mostWaiting + 7 { // nobody takes them
		call()
	}
	assert.EqualValues(t, 7, traces.dropped.Load())
	assert.Empty(t, traces.calls)
	tell := func() { (<-traces.ended).tell(traces.provider.Tracer("")) }
	c.away = true
	failing := false
	for range 3 {
		tell()
		failing = traces.send(t.Context(), failing)
		assert.True(t, failing)
	}
	assert.Equal(t, 1, strings.Count(log.String(), "traces cannot be sent"), log.String())
	c.away = false
	tell()
	assert.False(t, traces.send(t.Context(), failing))
	assert.Contains(t, log.String(), `msg="traces are sent again" dropped_calls=7`)
	assert.Len(t, c.spans, 1)
	assert.Equal(t, 4, c.asked, "nothing is sent twice")
}

func TestWhatIsNoCollectorIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "localhost:4318", "grpc://a:4317", "http://user:word@a", "http://a/?token=x", "http://", ":"} {
		assert.ErrorContains(t, CheckEndpoint(text), "such as http://127.0.0.1:4318", text)
	}
	for _, text := range []string{"http://127.0.0.1:4318", "https://otel.example/otlp/v1/traces"} {
		assert.NoError(t, CheckEndpoint(text))
	}
}

// BenchmarkFollow is what the events of a call cost more on its path.
func BenchmarkFollow(b *testing.B) {
	t, err := New(Options{Endpoint: "http://127.0.0.1:1"})
	require.NoError(b, err)
	j := t.Follow(kept{})
	events := []event.Event{
		{Call: "c", Data: event.CallStarted{}}, {Call: "c", Data: event.StepFinished{}}, {Call: "c", Data: event.StepFinished{}},
		{Call: "c", Data: event.Identified{}}, {Call: "c", Data: event.Verified{}}, {Call: "c", Data: event.CallEnded{}},
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range events {
			_ = j.Append(events[i : i+1]...)
		}
		<-t.ended
	}
}
