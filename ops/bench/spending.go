package bench

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"syscall"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/procfs"
)

// spending reads what a run costs: the service by its metrics, the generator and the machine by the system.
type spending struct {
	metrics string
	client  http.Client
	cores   int
}

// scrapeWithin bounds a look at the metrics, which a full machine answers late.
const scrapeWithin = 10 * time.Second

func newSpending(s Server) *spending {
	return &spending{metrics: s.Metrics, client: http.Client{Timeout: scrapeWithin}, cores: runtime.GOMAXPROCS(0)}
}

// spent is what was spent until a moment. What is not known is 0.
type spent struct {
	at                         time.Time
	server, generator, machine time.Duration // of processor time
	cores                      int
	resident, running          float64
	// Of the service: calls that it refused, PIN checks that waited too long or wait now, the age of the oldest event
	// that NATS has not confirmed, and the number and time of transactions.
	refused, hashRefused, hashWaiting, behind, transactions, transactionSeconds float64
	known                                                                       bool
}

func (s *spending) now(ctx context.Context) spent {
	now := spent{at: time.Now(), generator: ownTime(), machine: machineTime(), cores: s.cores}
	if s.metrics == "" {
		return now
	}
	families, err := s.scrape(ctx)
	if err != nil {
		return now
	}
	sum := func(name string, labels ...string) float64 { return total(families[name], labels...) }
	now.known = true
	now.server = time.Duration(sum("process_cpu_seconds_total") * float64(time.Second))
	now.resident, now.running = sum("process_resident_memory_bytes"), sum("countersign_calls_running")
	now.refused = sum("countersign_connections_refused_total", "cause", "limit")
	now.hashRefused, now.hashWaiting = sum("countersign_hash_refused_total"), sum("countersign_hash_waiting")
	now.behind = sum("countersign_outbox_age_seconds")
	now.transactions = sum("countersign_sqlite_transactions_total")
	now.transactionSeconds = sum("countersign_sqlite_transaction_seconds_total")
	return now
}

func (s *spending) scrape(ctx context.Context) (map[string]*dto.MetricFamily, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.metrics, nil)
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", s.metrics, answer.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(answer.Body)
}

// total adds up the series of a metric that have this label.
func total(family *dto.MetricFamily, label ...string) (sum float64) {
	for _, m := range family.GetMetric() {
		fits := len(label) == 0
		for _, l := range m.GetLabel() {
			fits = fits || l.GetName() == label[0] && l.GetValue() == label[1]
		}
		if fits {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

// ownTime is the generator's processor time.
func ownTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// machineTime is the processor time of everything on this machine; 0 where Linux does not tell.
func machineTime() time.Duration {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return 0
	}
	stat, err := fs.Stat()
	if err != nil {
		return 0
	}
	t := stat.CPUTotal
	busy := t.User + t.Nice + t.System + t.IRQ + t.SoftIRQ + t.Steal
	return time.Duration(busy * float64(time.Second))
}
