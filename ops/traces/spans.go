package traces

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"sync"

	"github.com/google/uuid"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// traceOf is the trace of a call: our id of it without dashes, so that whoever has the one has the other.
func traceOf(call string) trace.TraceID {
	if id, err := uuid.Parse(call); err == nil {
		return trace.TraceID(id)
	}
	sum := sha256.Sum256([]byte(call))
	return trace.TraceID(sum[:16])
}

type traceKey struct{}

func withTrace(ctx context.Context, id trace.TraceID) context.Context {
	return context.WithValue(ctx, traceKey{}, id)
}

// ids are those of spans: random, in the trace that the context names.
type ids struct{}

// NewIDs implements sdk.IDGenerator.
func (g ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	id, _ := ctx.Value(traceKey{}).(trace.TraceID)
	return id, g.NewSpanID(ctx, id)
}

// NewSpanID implements sdk.IDGenerator.
func (ids) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	binary.BigEndian.PutUint64(id[:], rand.Uint64()|1) // not zero
	return id
}

// made keeps spans until they are sent. The SDK's own batches report failures to a global handler only.
type made struct {
	mu    sync.Mutex
	spans []sdk.ReadOnlySpan
}

func (m *made) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.spans)
}

func (m *made) take() (spans []sdk.ReadOnlySpan) {
	m.mu.Lock()
	defer m.mu.Unlock()
	spans, m.spans = m.spans, nil
	return spans
}

// OnEnd implements sdk.SpanProcessor.
func (m *made) OnEnd(s sdk.ReadOnlySpan) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spans = append(m.spans, s)
}

// OnStart implements sdk.SpanProcessor.
func (*made) OnStart(context.Context, sdk.ReadWriteSpan) {}

// Shutdown implements sdk.SpanProcessor.
func (*made) Shutdown(context.Context) error { return nil }

// ForceFlush implements sdk.SpanProcessor.
func (*made) ForceFlush(context.Context) error { return nil }
