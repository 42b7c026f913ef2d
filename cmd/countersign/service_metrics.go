package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"countersign/backend/endpoint"
	"countersign/backend/webhook"
	"countersign/ops/metrics"
	"countersign/ops/traces"
	"countersign/session"
	attemptsdb "countersign/store/attempts"
	"countersign/store/customers"
	"countersign/store/sqlite"
	"countersign/web"
)

// insight is who watches what calls do. Its zero value is nobody.
type insight struct {
	metrics  *metrics.Metrics
	listener net.Listener
	traces   *traces.Traces
}

// openTraces makes traces, if a collector is to have them.
func (s *service) openTraces() (err error) {
	if s.cfg.Traces.Endpoint == "" {
		return nil
	}
	s.insight.traces, err = traces.New(traces.Options{
		Endpoint: s.cfg.Traces.Endpoint, Node: s.cfg.Node, Version: thisBuild().Version, Log: s.log,
	})
	return err
}

// openMetrics listens for Prometheus, if it is to.
func (s *service) openMetrics() (err error) {
	at := s.cfg.Metrics.Listen
	if at == "" {
		return nil
	}
	if s.insight.listener, err = listen("metrics.listen", at, `set another address, or "" for no metrics`); err != nil {
		return err
	}
	s.parts.addQuiet(func() { _ = s.insight.listener.Close() })
	s.insight.metrics = metrics.New(thisBuild().Version)
	return nil
}

// serveMetrics answers Prometheus until the background work ends.
func (s *service) serveMetrics(background *background, directory *customers.Directory, known *attemptsdb.Attempts) {
	if s.insight.metrics == nil {
		return
	}
	sources := metrics.Sources{
		Calls: s.server.Calls, MaxCalls: s.cfg.Socket.MaxCalls, Refused: s.server.Refused, Hash: directory.HashQueue,
		Journal: s.journal.Status, Relay: s.relay.Status, SharedAway: s.attempts.Away,
		Backlog: s.journal.Backlog, Stream: s.state.Stream,
		Writes: map[string]func() sqlite.Writes{
			"directory.db": directory.Writes, "journal.db": s.journal.Writes, "attempts.db": known.Writes,
		},
	}
	if s.replica != nil {
		sources.CustomersAge = s.replica.Age
	}
	if len(s.cfg.Webhooks) > 0 {
		sources.Webhooks = func(ctx context.Context) ([]webhook.Status, error) {
			return shownWebhooks{s.cfg, s.state, s.events}.Statuses(ctx)
		}
	}
	s.insight.metrics.Watch(sources)
	background.run(func(ctx context.Context) {
		err := web.Serve(ctx, s.insight.listener, s.insight.metrics.Handler(), web.ServeOptions{Log: s.log})
		if err != nil {
			s.log.Error("metrics stopped unexpectedly", "err", err)
		}
	})
}

// journal is j, watched.
func (i insight) journal(j session.Journal) session.Journal {
	if i.metrics != nil {
		j = i.metrics.Follow(j)
	}
	if i.traces != nil {
		j = i.traces.Follow(j)
	}
	return j
}

// reacted hears of our reactions; nil if nobody does.
func (i insight) reacted() func(time.Duration) {
	if i.metrics == nil {
		return nil
	}
	return i.metrics.Reacted
}

// asked hears of the requests to a system; nil if nobody does.
func (i insight) asked(system string) func(context.Context, endpoint.Asked) {
	var all []func(context.Context, endpoint.Asked)
	if i.metrics != nil {
		all = append(all, i.metrics.Asked(system))
	}
	if i.traces != nil {
		all = append(all, i.traces.Asked(system))
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return func(ctx context.Context, a endpoint.Asked) {
		for _, hear := range all {
			hear(ctx, a)
		}
	}
}

// of are the options of requests to one of the company's systems that has a breaker.
func (i insight) of(system string, log *slog.Logger) endpoint.Options {
	o := endpoint.Options{Log: log, Asked: i.asked(system)}
	if i.metrics != nil {
		o.Opened = i.metrics.Opened(system)
	}
	return o
}
