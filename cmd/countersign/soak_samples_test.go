package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"net/http"
	_ "net/http/pprof" // in lookInside
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// sample is what was measured at one moment.
type sample struct {
	at     time.Duration // since the calls began
	calls  int           // that have ended by then
	values map[string]float64
}

// keptSample is a line of samples.jsonl.
type keptSample struct {
	Seconds float64            `json:"seconds"`
	Calls   int                `json:"calls"`
	Values  map[string]float64 `json:"values"`
}

// soakMetrics are those that are sampled, and what they are called here.
var soakMetrics = map[string]string{
	"go_goroutines":                                                          "goroutines",
	"process_open_fds":                                                       "descriptors",
	"process_resident_memory_bytes":                                          "memory: resident",
	"process_cpu_seconds_total":                                              "CPU seconds",
	"countersign_calls_running":                                              "calls running",
	"countersign_outbox_age_seconds":                                         "outbox: age in seconds",
	`countersign_webhook_behind_events{webhook="crm"}`:                       "webhook: events behind",
	`countersign_webhook_calls{state="failing",webhook="crm"}`:               "webhook: calls failing",
	`countersign_webhook_calls{state="dead",webhook="crm"}`:                  "webhook: calls given up",
	`countersign_scrape_failures_total{part="outbox"}`:                       "scrapes without the outbox",
	`countersign_journal_waiting_events{where="memory"}`:                     "journal: events in memory",
	`countersign_sqlite_transactions_total{file="journal.db",result="busy"}`: "journal.db: transactions in vain",
}

// sample measures each minute, or more often in a short run, until ctx ends. The values stay in samples.jsonl among the
// test's artifacts.
func (s *soak) sample(ctx context.Context) {
	js, began := s.jetStream(s.t), time.Now()
	kept, err := os.Create(filepath.Join(s.t.ArtifactDir(), "samples.jsonl"))
	s.fault("samples.jsonl", err)
	defer kept.Close()
	each := time.NewTicker(min(time.Minute, max(s.length/60, 500*time.Millisecond)))
	defer each.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-each.C:
		}
		one := sample{at: time.Since(began), calls: s.callers.count(), values: map[string]float64{}}
		s.fault("sample metrics", s.readMetrics(ctx, one.values))
		s.fault("sample memory", s.readHeap(ctx, one.values))
		s.fault("sample files", s.readFiles(one.values))
		s.fault("sample streams", s.readStreams(ctx, js, one.values))
		if ctx.Err() != nil {
			return
		}
		s.samples = append(s.samples, one)
		s.fault("samples.jsonl", json.NewEncoder(kept).Encode(keptSample{one.at.Seconds(), one.calls, one.values}))
		s.t.Logf("%s: %d calls; %s", one.at.Round(time.Second), one.calls, one.line())
	}
}

// line shows what a person follows during a run.
func (o sample) line() string {
	var out []string
	for _, name := range []string{
		"goroutines", "descriptors", "memory: resident", "memory: live heap", "outbox: age in seconds",
		"journal.db-wal", "webhook: events behind", "CPU seconds",
	} {
		out = append(out, name+" "+inUnits(name, o.values[name]))
	}
	return strings.Join(out, ", ")
}

func (s *soak) readMetrics(ctx context.Context, into map[string]float64) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.metrics, nil)
	if err != nil {
		return err
	}
	res, err := s.load.transport.RoundTrip(req)
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		at := strings.LastIndexByte(lines.Text(), ' ')
		if at < 0 {
			continue
		}
		if name, ok := soakMetrics[lines.Text()[:at]]; ok {
			if into[name], err = strconv.ParseFloat(lines.Text()[at+1:], 64); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookInside has a process tell, over HTTP, what is live on its heap, and what Go's profiles show. Of three collections the
// one counts that leaves least: what a request needs for a moment may be live in one of them.
func lookInside(at string) {
	http.HandleFunc("/live", func(w http.ResponseWriter, _ *http.Request) {
		least := uint64(math.MaxUint64)
		for range 3 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			least = min(least, m.HeapAlloc)
		}
		fmt.Fprint(w, least)
	})
	go func() { fmt.Fprintln(os.Stderr, http.ListenAndServe(at, nil)) }()
}

func (s *soak) readHeap(ctx context.Context, into map[string]float64) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.inside+"/live", nil)
	if err != nil {
		return err
	}
	res, err := s.load.transport.RoundTrip(req)
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	defer res.Body.Close()
	var live float64
	_, err = fmt.Fscan(res.Body, &live)
	into["memory: live heap"] = live
	return ignoreEnd(ctx, err)
}

// readFiles adds up files: each database and its log, and what NATS keeps.
func (s *soak) readFiles(into map[string]float64) error {
	data := s.data("service")
	return filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // it went meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(data, path)
		if err != nil {
			return err
		}
		if parts := strings.Split(filepath.ToSlash(name), "/"); len(parts) > 1 {
			if at := slices.Index(parts, "streams"); at > 0 && at+1 < len(parts) {
				name = "files of " + parts[at+1]
			} else {
				name = "files in " + parts[0]
			}
		} else if !strings.Contains(name, ".db") {
			name = "other files"
		}
		into[name] += float64(info.Size())
		into["files"]++
		return nil
	})
}

// readStreams asks NATS for its streams and buckets.
func (s *soak) readStreams(ctx context.Context, js jetstream.JetStream, into map[string]float64) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	all := js.ListStreams(ctx)
	for info := range all.Info() {
		into[info.Config.Name+": messages"] = float64(info.State.Msgs)
		into[info.Config.Name+": bytes"] = float64(info.State.Bytes)
		into["consumers"] += float64(info.State.Consumers)
	}
	return ignoreEnd(ctx, all.Err())
}

// ignoreEnd leaves out errors that come of the run's end.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() == context.Canceled {
		return nil
	}
	return err
}

// inUnits is a value with its unit.
func inUnits(name string, v float64) string {
	if isBytes(name) {
		return fmt.Sprintf("%.1f MB", v/1e6)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func isBytes(name string) bool {
	return strings.HasPrefix(name, "memory") || strings.Contains(name, ".db") && !strings.Contains(name, ": ") ||
		strings.HasPrefix(name, "files ") || strings.HasSuffix(name, ": bytes") || name == "other files"
}

// seriesOf are the names of all series.
func seriesOf(samples []sample) []string {
	all := map[string]bool{}
	for _, one := range samples {
		for name := range one.values {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
