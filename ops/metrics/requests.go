package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"countersign/backend/endpoint"
)

var requestBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 3, 5, 8}

// requests counts what is asked of the company's systems.
type requests struct {
	results *prometheus.CounterVec
	took    *prometheus.HistogramVec
	open    *prometheus.GaugeVec
}

func newRequests() *requests {
	return &requests{
		results: counters("requests_total", "Requests to the company's systems, by system, operation and result.",
			"system", "operation", "result"),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "request_seconds", Help: "How long requests to the company's systems took.",
			Buckets: requestBuckets,
		}, []string{"system", "operation"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "breaker_open",
			Help: "1 while a system that failed too often is not asked, and until it has answered again.",
		}, []string{"system"}),
	}
}

func (r *requests) all() []prometheus.Collector {
	return []prometheus.Collector{r.results, r.took, r.open}
}

// Asked counts the requests to a system.
func (m *Metrics) Asked(system string) func(context.Context, endpoint.Asked) {
	return func(_ context.Context, a endpoint.Asked) {
		m.requests.results.WithLabelValues(system, a.Operation, string(a.Result)).Inc()
		if a.Result != endpoint.NotAsked {
			m.requests.took.WithLabelValues(system, a.Operation).Observe(a.Took.Seconds())
		}
	}
}

// Opened shows the breaker of a system, which is closed at first.
func (m *Metrics) Opened(system string) func(open bool) {
	gauge := m.requests.open.WithLabelValues(system)
	gauge.Set(0)
	return func(open bool) {
		if open {
			gauge.Set(1)
		} else {
			gauge.Set(0)
		}
	}
}
