package metrics

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"countersign/backend/webhook"
	"countersign/bus"
	"countersign/store/customers"
	"countersign/store/journal"
	"countersign/store/sqlite"
)

// Sources are what a service knows of itself, read at each scrape. All but Webhooks and CustomersAge are required.
type Sources struct {
	// Calls is how many calls run, MaxCalls how many may, Refused what esl.Server has refused.
	Calls    func() int
	MaxCalls int
	Refused  func() (strangers, tooMany uint64)
	Hash     func() customers.HashQueue
	Journal  func() journal.Status
	Relay    func() bus.RelayStatus
	// SharedAway says that attempts count on this machine only.
	SharedAway func() bool
	// Writes are the writers of databases, by the file's name.
	Writes map[string]func() sqlite.Writes
	// CustomersAge is how old the customers are that come from another machine; filled is false until they have come. Nil if
	// they are this machine's own.
	CustomersAge func() (age time.Duration, filled bool)
	// These ask a disk or NATS, and get askWithin.
	Backlog  func(context.Context) (events int, oldest time.Time, err error)
	Stream   func(context.Context) (bus.StreamStatus, error)
	Webhooks func(context.Context) ([]webhook.Status, error)
}

// askWithin bounds what a scrape asks a disk or NATS: those who hang must not take the other metrics with them.
const askWithin = 2 * time.Second

// status collects Sources.
type status struct {
	Sources
	failures map[string]*atomic.Uint64
}

const (
	partOutbox   = "outbox"
	partStream   = "stream"
	partWebhooks = "webhooks"
)

func newStatus(s Sources) *status {
	return &status{s, map[string]*atomic.Uint64{partOutbox: {}, partStream: {}, partWebhooks: {}}}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

var (
	callsRunning = desc("calls_running", "Calls that are with us now.")
	callsLimit   = desc("calls_limit", "How many calls may be with us at once (socket.max_calls).")
	callsRefused = desc("connections_refused_total",
		"Connections to the event socket that were closed at once: limit, beyond socket.max_calls; address, not allowed.",
		"cause")
	hashRunning = desc("hash_running", "Secrets that are being hashed with argon2id now.")
	hashWaiting = desc("hash_waiting", "Secrets that wait for their turn to be hashed.")
	hashSlots   = desc("hash_slots", "How many secrets may be hashed at once.")
	hashRefused = desc("hash_refused_total",
		"Secrets that waited too long for their turn: callers who went to an agent for it.")
	journalWaiting = desc("journal_waiting_events",
		"Events that are not in the journal yet: in memory, lost if the process ends, or in its spill.", "where")
	journalWritable = desc("journal_writable", "1 if the last write to the journal succeeded, else 0.")
	outboxEvents    = desc("outbox_events", "Events in the journal that NATS has not confirmed.")
	outboxAge       = desc("outbox_age_seconds",
		"Age of the oldest event that NATS has not confirmed; 0 if there is none.")
	natsConnected   = desc("nats_connected", "1 while NATS takes our events, else 0.")
	eventsPublished = desc("events_published_total", "Events that NATS has confirmed.")
	eventsRefused   = desc("events_refused_total", "Events that NATS will never accept; they stay in the journal only.")
	sharedAway      = desc("shared_state_away", "1 while attempts and locks count on this machine only, else 0.")
	streamMessages  = desc("stream_messages", "Events in the stream COUNTERSIGN.")
	streamBytes     = desc("stream_bytes", "Bytes in the stream COUNTERSIGN.")
	webhookBehind   = desc("webhook_behind_events",
		"Events of the stream that a webhook has not looked at yet.", "webhook")
	webhookCalls = desc("webhook_calls",
		"Calls with events that a webhook did not take: failing, tried again; dead, given up.", "webhook", "state")
	customersAge = desc("customers_age_seconds",
		"Age of the customers that come from another machine; +Inf until they have come.")
	sqliteDone = desc("sqlite_transactions_total",
		"Write transactions of a database: done, busy (another process wrote for too long) or failed.", "file", "result")
	sqliteTook = desc("sqlite_transaction_seconds_total",
		"Time of write transactions, with the wait for the writer.", "file")
	scrapeFailures = desc("scrape_failures_total",
		"Scrapes that could not read a part, whose metrics are then missing.", "part")
)

var statusDescs = []*prometheus.Desc{
	callsRunning, callsLimit, callsRefused, hashRunning, hashWaiting, hashSlots, hashRefused,
	journalWaiting, journalWritable, outboxEvents, outboxAge, natsConnected, eventsPublished, eventsRefused, sharedAway, streamMessages, streamBytes,
	webhookBehind, webhookCalls, customersAge, sqliteDone, sqliteTook, scrapeFailures,
}

// Describe implements prometheus.Collector.
func (s *status) Describe(to chan<- *prometheus.Desc) {
	for _, d := range statusDescs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *status) Collect(to chan<- prometheus.Metric) {
	o := out{to}
	asked := s.ask(o)
	o.gauge(callsRunning, float64(s.Calls()))
	o.gauge(callsLimit, float64(s.MaxCalls))
	strangers, tooMany := s.Refused()
	o.count(callsRefused, strangers, "address")
	o.count(callsRefused, tooMany, "limit")
	s.hash(o)
	s.journal(o)
	s.nats(o)
	if s.CustomersAge != nil {
		age, filled := s.CustomersAge()
		seconds := age.Seconds()
		if !filled {
			seconds = math.Inf(1)
		}
		o.gauge(customersAge, seconds)
	}
	for _, file := range slices.Sorted(maps.Keys(s.Writes)) {
		w := s.Writes[file]()
		o.count(sqliteDone, w.Done, file, "done")
		o.count(sqliteDone, w.Busy, file, "busy")
		o.count(sqliteDone, w.Failed, file, "failed")
		to <- prometheus.MustNewConstMetric(sqliteTook, prometheus.CounterValue, w.Took.Seconds(), file)
	}
	asked()
	for _, part := range slices.Sorted(maps.Keys(s.failures)) {
		o.count(scrapeFailures, s.failures[part].Load(), part)
	}
}

// ask asks those who may hang, all at once. wait returns when they have answered, or have had their time.
func (s *status) ask(o out) (wait func()) {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	var asked sync.WaitGroup
	ask := func(part string, f func() error) {
		asked.Go(func() {
			if f() != nil {
				s.failures[part].Add(1)
			}
		})
	}
	ask(partOutbox, func() error {
		n, oldest, err := s.Backlog(ctx)
		if err != nil {
			return err
		}
		age := 0.0
		if !oldest.IsZero() {
			age = max(0, time.Since(oldest).Seconds())
		}
		o.gauge(outboxEvents, float64(n))
		o.gauge(outboxAge, age)
		return nil
	})
	ask(partStream, func() error {
		about, err := s.Stream(ctx)
		if err != nil {
			return err
		}
		o.gauge(streamMessages, float64(about.Messages))
		o.gauge(streamBytes, float64(about.Bytes))
		return nil
	})
	if s.Webhooks != nil {
		ask(partWebhooks, func() error {
			all, err := s.Webhooks(ctx)
			if err != nil {
				return err
			}
			for _, w := range all {
				o.gauge(webhookBehind, float64(w.Behind), w.Name)
				o.gauge(webhookCalls, float64(len(w.Failing)), w.Name, "failing")
				o.gauge(webhookCalls, float64(len(w.Dead)), w.Name, "dead")
			}
			return nil
		})
	}
	return func() { asked.Wait(); cancel() }
}

func (s *status) hash(o out) {
	h := s.Hash()
	o.gauge(hashRunning, float64(h.Running))
	o.gauge(hashWaiting, float64(h.Waiting))
	o.gauge(hashSlots, float64(h.AtOnce))
	o.count(hashRefused, h.Refused)
}

func (s *status) journal(o out) {
	j := s.Journal()
	o.gauge(journalWaiting, float64(j.Waiting-j.InSpill), "memory")
	o.gauge(journalWaiting, float64(j.InSpill), "spill")
	o.gauge(journalWritable, yes(j.Err == nil))
}

func (s *status) nats(o out) {
	r := s.Relay()
	o.gauge(natsConnected, yes(r.Connected))
	o.count(eventsPublished, uint64(r.Published))
	o.count(eventsRefused, uint64(r.Refused))
	o.gauge(sharedAway, yes(s.SharedAway()))
}

// out is where metrics of a scrape go.
type out struct{ to chan<- prometheus.Metric }

func (o out) gauge(d *prometheus.Desc, v float64, labels ...string) {
	o.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (o out) count(d *prometheus.Desc, v uint64, labels ...string) {
	o.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func yes(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
