package main

import (
	"encoding/hex"
	"io"
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

	"countersign/freeswitch/sim"
)

func TestACollectorGetsTheTraceOfACall(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	spans := map[string][]*otlp.Span{}
	var raw strings.Builder
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		var request collect.ExportTraceServiceRequest
		assert.NoError(t, proto.Unmarshal(body, &request))
		mu.Lock()
		defer mu.Unlock()
		raw.Write(body)
		for _, s := range request.ResourceSpans[0].ScopeSpans[0].Spans {
			spans[s.Name] = append(spans[s.Name], s)
		}
	}))
	t.Cleanup(collector.Close)
	o := newObserved(t, "traces: {endpoint: \""+collector.URL+"\"}\nmetrics: {listen: \"127.0.0.1:0\"}\n")
	r := o.call("+15551230001", sim.Script(sim.Pace{},
		sim.Answer{Prompt: "ask-pin", Keys: "864213#"}, sim.Answer{Prompt: "ask-pin-again", Keys: "246813#"}))
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(spans["call"]) == 1 }, patience, 10*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	id := strings.ReplaceAll(r.Variables["cs_call"], "-", "")
	for name, all := range spans {
		for _, s := range all {
			assert.Equal(t, id, hex.EncodeToString(s.TraceId), name)
			assert.LessOrEqual(t, s.StartTimeUnixNano, s.EndTimeUnixNano, name)
		}
	}
	whole, pin, checks := spans["call"][0], spans["step pin"], spans["crm check.pin"]
	require.Len(t, pin, 1)
	require.Len(t, checks, 2, "a wrong PIN, and the right one")
	assert.Empty(t, whole.ParentSpanId)
	assert.Equal(t, whole.SpanId, pin[0].ParentSpanId)
	for _, c := range checks {
		assert.Equal(t, pin[0].SpanId, c.ParentSpanId)
		assert.GreaterOrEqual(t, c.EndTimeUnixNano, pin[0].StartTimeUnixNano)
	}
	require.Len(t, spans["crm by_phone"], 1)
	assert.Equal(t, spans["step ani"][0].SpanId, spans["crm by_phone"][0].ParentSpanId)
	about := map[string]string{}
	for _, a := range whole.Attributes {
		about[a.Key] = a.Value.GetStringValue()
	}
	assert.Equal(t, "verified", about["countersign.status"])
	assert.Equal(t, r.Variables["cs_call"], about["countersign.call"])
	var happened []string
	for _, e := range whole.Events {
		happened = append(happened, e.Name)
	}
	assert.Equal(t, []string{"identified", "verified"}, happened)
	for _, private := range []string{"5551230001", "246813", "864213", "C-1", "Customer", "menu XML"} {
		assert.NotContains(t, raw.String(), private)
	}
	assert.Contains(t, o.ours(t), `countersign_requests_total{operation="check.pin",result="answered",system="crm"} 2`, "both hear of it")
}
