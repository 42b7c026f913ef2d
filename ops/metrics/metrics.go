// Package metrics tells Prometheus how a service does: what calls do, counted from their events as they are journalled,
// and what queues, disks and other systems do, read when somebody scrapes. docs/metrics.md has every name.
//
// No label is a customer, a number, a call or an address: lines, steps, systems and webhooks are named by settings, and
// everything else is a word of ours. What a call pays is counters in memory; nothing here waits for anybody.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "countersign"

// Path is where the metrics are.
const Path = "/metrics"

// Bounds on scrapes: at once, and how long one may take.
const (
	scrapesAtOnce = 3
	scrapeWithin  = 10 * time.Second
)

// Metrics counts. Make one with New. Its methods may be called from any goroutine.
type Metrics struct {
	registry *prometheus.Registry
	calls    *calls
	requests *requests
}

// New makes metrics of a process that is this version of Countersign. Watch adds what is read at a scrape.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), calls: newCalls(), requests: newRequests()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the label says which version runs.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.calls.all()...)
	m.registry.MustRegister(m.requests.all()...)
	return m
}

// Watch adds what a service knows of itself. It may be called once.
func (m *Metrics) Watch(s Sources) { m.registry.MustRegister(newStatus(s)) }

// Handler answers scrapes at Path, and nothing else.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+Path, promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeWithin, EnableOpenMetrics: true,
	}))
	return mux
}
