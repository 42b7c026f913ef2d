// Package traces tells an OpenTelemetry collector what happened on calls: a span for each call, with spans for its
// steps and for the requests to the company's systems. It is made from a call's events when the call is over, so that
// nothing on a call waits for it; if the collector is away, traces are dropped.
//
// A span has ids of calls, names of lines, steps and systems, results and times: no secret, no telephone number, no
// customer and no name.
package traces

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"countersign/backend/endpoint"
	"countersign/session"
	"countersign/session/event"
)

// Bounds: calls that wait to be told, spans in a request, how long one may wait for others and take.
const (
	mostWaiting = 2048
	mostSpans   = 512
	every       = 5 * time.Second
	sendWithin  = 10 * time.Second
	// closeWithin is how long a collector may keep the service from stopping.
	closeWithin = 3 * time.Second
	// forgetAfter is longer than a call is with us (docs/policy.md#whole-idv).
	forgetAfter = time.Hour
	// mostRequests are kept of one call.
	mostRequests = 100
)

// defaultPath is where collectors take traces over HTTP.
const defaultPath = "/v1/traces"

// Options configure Traces.
type Options struct {
	// Endpoint is the collector's URL, as CheckEndpoint accepts it. Headers are those of the environment:
	// OTEL_EXPORTER_OTLP_HEADERS.
	Endpoint string
	// Node and Version name this process.
	Node, Version string
	Log           *slog.Logger
}

// CheckEndpoint says what is wrong with a collector's URL.
func CheckEndpoint(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return errors.New("endpoint: it must be the URL of a collector's OTLP over HTTP, such as http://127.0.0.1:4318; " +
			"put headers into the environment, OTEL_EXPORTER_OTLP_HEADERS")
	}
	return nil
}

// Traces follows calls. Make one with New; its methods may be called from any goroutine.
type Traces struct {
	exporter sdk.SpanExporter
	made     *made
	provider *sdk.TracerProvider
	log      *slog.Logger

	ended   chan *call
	dropped atomic.Uint64

	mu    sync.Mutex
	calls map[string]*call
}

// New makes Traces that connects to nothing until Run.
func New(o Options) (*Traces, error) {
	if err := CheckEndpoint(o.Endpoint); err != nil {
		return nil, err
	}
	at, _ := url.Parse(o.Endpoint)
	if strings.Trim(at.Path, "/") == "" {
		at.Path = defaultPath
	}
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(at.String()),
		otlptracehttp.WithTimeout(sendWithin), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}))
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	made := &made{}
	about := resource.NewSchemaless(
		attribute.String("service.name", "countersign"), attribute.String("service.version", o.Version),
		attribute.String("service.instance.id", o.Node),
	)
	return &Traces{
		exporter: exporter, made: made, log: o.Log, ended: make(chan *call, mostWaiting), calls: map[string]*call{},
		provider: sdk.NewTracerProvider(sdk.WithSpanProcessor(made), sdk.WithIDGenerator(ids{}), sdk.WithResource(about),
			sdk.WithSampler(sdk.AlwaysSample())),
	}, nil
}

// Follow returns a journal that keeps what j keeps, and tells Traces.
func (t *Traces) Follow(j session.Journal) session.Journal { return followed{j, t} }

type followed struct {
	session.Journal
	traces *Traces
}

// Append implements session.Journal.
func (f followed) Append(events ...event.Event) error {
	for _, e := range events {
		if e.Real() {
			f.traces.note(e)
		}
	}
	return f.Journal.Append(events...)
}

func (t *Traces) note(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.calls[e.Call]
	if c == nil {
		began, ok := e.Data.(event.CallStarted)
		if !ok {
			return // of a call that began before us
		}
		c = newCall(e, began)
		t.calls[e.Call] = c
	}
	c.note(e)
	if !c.over() {
		return
	}
	delete(t.calls, e.Call)
	select {
	case t.ended <- c:
	default:
		t.dropped.Add(1)
	}
}

// forget drops calls without an event since then: one that ended in a panic has no last event.
func (t *Traces) forget(since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.calls, func(_ string, c *call) bool { return c.last.Before(since) })
}

// Asked follows the requests to a system that are made on behalf of calls.
func (t *Traces) Asked(system string) func(context.Context, endpoint.Asked) {
	return func(ctx context.Context, a endpoint.Asked) {
		id := session.CallOf(ctx)
		if id == "" {
			return
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if c := t.calls[id]; c != nil && len(c.requests) < mostRequests {
			c.requests = append(c.requests, request{system, a})
		}
	}
}

// Run sends the traces of calls that are over until ctx ends, and then those that are left.
func (t *Traces) Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	send := func(ctx context.Context) {
		failing = t.send(ctx, failing)
	}
	for {
		select {
		case c := <-t.ended:
			c.tell(t.provider.Tracer("countersign"))
			if t.made.count() >= mostSpans {
				send(ctx)
			}
		case <-tick.C:
			t.forget(time.Now().Add(-forgetAfter))
			send(ctx)
		case <-ctx.Done():
			for len(t.ended) > 0 {
				(<-t.ended).tell(t.provider.Tracer("countersign"))
			}
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
			defer cancel()
			send(closing)
			_ = t.exporter.Shutdown(closing)
			return
		}
	}
}

// send sends the spans that were made, and returns whether that failed. It logs the first failure and the end of it.
func (t *Traces) send(ctx context.Context, failing bool) bool {
	spans := t.made.take()
	if len(spans) == 0 {
		return failing
	}
	switch err := t.exporter.ExportSpans(ctx, spans); {
	case err != nil && !failing:
		t.log.Warn("traces cannot be sent, they are dropped", "err", err)
		return true
	case err == nil && failing:
		t.log.Info("traces are sent again", "dropped_calls", t.dropped.Swap(0))
	case err != nil:
		return true
	}
	return false
}
