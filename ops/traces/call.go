package traces

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"countersign/backend/endpoint"
	"countersign/session/event"
)

// call is what is kept of a call until it is over.
type call struct {
	id, first, line, channel string
	version                  int
	began, stepBegan, last   time.Time
	steps                    []step
	requests                 []request
	facts                    []fact
	end                      *event.CallEnded
}

type step struct {
	event.StepFinished
	began, ended time.Time
}

type request struct {
	system string
	endpoint.Asked
}

// fact is something that happened at one moment.
type fact struct {
	name  string
	at    time.Time
	about []attribute.KeyValue
}

func newCall(e event.Event, began event.CallStarted) *call {
	return &call{
		id: e.Call, first: cmp.Or(began.Continues, e.Call), line: e.Line, version: e.LineVersion, channel: began.Channel,
		began: e.Time,
	}
}

func (c *call) over() bool { return c.end != nil }

func (c *call) note(e event.Event) {
	c.last = e.Time
	happened := func(about ...attribute.KeyValue) {
		c.facts = append(c.facts, fact{string(e.Fact()), e.Time, about})
	}
	switch d := e.Data.(type) {
	case event.StepStarted:
		c.stepBegan = e.Time
	case event.StepFinished:
		d.Number = nil
		c.steps = append(c.steps, step{d, c.stepBegan, e.Time})
	case event.Identified:
		happened(attribute.String("method", string(d.Method)))
	case event.Verified:
		happened(attribute.Int("level", d.Level))
	case event.Failed:
		happened(attribute.String("step", d.Step), attribute.String("reason", string(d.Reason)))
	case event.Locked:
		happened(attribute.String("on", string(d.On)), attribute.Bool("began", d.Began))
	case event.CodeSent:
		happened(attribute.String("way", string(d.Way)), attribute.String("state", string(d.State)))
	case event.TokenRefused:
		happened(attribute.String("reason", string(d.Reason)))
	case event.StepUpRequested:
		happened(attribute.Int("level", d.Level))
	case event.PromptMissing:
		happened(attribute.String("prompt", d.Prompt))
	case event.CallEnded:
		c.end = &d
	}
}

// tell makes the spans of a call that is over.
func (c *call) tell(tracer trace.Tracer) {
	ctx, whole := tracer.Start(withTrace(context.Background(), traceOf(c.first)), "call", trace.WithTimestamp(c.began),
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("countersign.call", c.id), attribute.String("countersign.line", c.line),
			attribute.Int("countersign.line_version", c.version), attribute.String("freeswitch.channel", c.channel),
			attribute.String("countersign.end", string(c.end.End)),
			attribute.String("countersign.status", string(c.end.Status)),
			attribute.Int("countersign.level", c.end.Level), attribute.String("countersign.reason", string(c.end.Reason)),
			attribute.StringSlice("countersign.methods", words(c.end.Methods)),
		))
	for _, f := range c.facts {
		whole.AddEvent(f.name, trace.WithTimestamp(f.at), trace.WithAttributes(f.about...))
	}
	if c.end.Reason == event.ReasonUnavailable {
		whole.SetStatus(codes.Error, string(c.end.Reason))
	}
	slices.SortStableFunc(c.requests, func(a, b request) int { return a.Began.Compare(b.Began) })
	told := 0
	for _, s := range c.steps {
		in := c.tellStep(ctx, tracer, s)
		for ; told < len(c.requests) && !c.requests[told].Began.After(s.ended); told++ {
			under := in
			if c.requests[told].Began.Before(s.began) {
				under = ctx
			}
			c.requests[told].tell(under, tracer)
		}
	}
	for ; told < len(c.requests); told++ {
		c.requests[told].tell(ctx, tracer)
	}
	whole.End(trace.WithTimestamp(c.last))
}

func (c *call) tellStep(ctx context.Context, tracer trace.Tracer, s step) context.Context {
	in, span := tracer.Start(ctx, "step "+s.Step, trace.WithTimestamp(s.began), trace.WithAttributes(
		attribute.String("countersign.step", s.Step), attribute.String("countersign.result", string(s.Result)),
		attribute.String("countersign.reason", string(s.Reason)), attribute.Int("countersign.attempts", len(s.Attempts)),
	))
	if s.Result == event.StepError {
		span.SetStatus(codes.Error, string(s.Reason))
	}
	span.End(trace.WithTimestamp(s.ended))
	return in
}

func (r request) tell(ctx context.Context, tracer trace.Tracer) {
	_, span := tracer.Start(ctx, r.system+" "+r.Operation, trace.WithTimestamp(r.Began),
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			attribute.String("countersign.system", r.system), attribute.String("countersign.operation", r.Operation),
			attribute.String("countersign.result", string(r.Result)),
		))
	if r.Result != endpoint.Answered && r.Result != endpoint.GivenUp {
		span.SetStatus(codes.Error, string(r.Result))
	}
	span.End(trace.WithTimestamp(r.Began.Add(r.Took)))
}

func words(methods []event.Method) []string {
	all := make([]string, len(methods))
	for i, m := range methods {
		all[i] = string(m)
	}
	return all
}
