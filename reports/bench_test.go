package reports

import (
	"context"
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/reports/reportsdb"
	"countersign/reports/reportstest"
	"countersign/session/event"
	"countersign/session/event/eventtest"
)

var benchCalls = flag.Int("reports.calls", 20_000, "calls of a year that reports are measured on")

// BenchmarkReports measures each report over a day, a month and a year, in a zone whose clocks change. So that it runs
// in seconds there are few calls; a million take some minutes and 600 MB: go test ./report -run "^$" -bench
// BenchmarkReports -benchtime 20x -timeout 1h -reports.calls=1000000
func BenchmarkReports(b *testing.B) {
	kept, err := reportsdb.Open(context.Background(), filepath.Join(b.TempDir(), "reports.db"), reportsdb.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, kept.Close()) })
	begin := time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	var batch []event.Event
	apply := func() {
		_, err := kept.Apply(context.Background(), batch)
		require.NoError(b, err)
		batch = batch[:0]
	}
	for call := range (eventtest.History{Seed: 1, Calls: *benchCalls, From: begin, To: begin.AddDate(1, 0, 0)}).All() {
		if batch = append(batch, call...); len(batch) > 20_000 {
			apply()
		}
	}
	apply()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(b, err)
	ctx, stop := context.WithCancel(context.Background()) // as a command has it: a context that can end costs something
	defer stop()
	for _, name := range []string{"summary", "ani", "verified", "failed", "funnel"} {
		for _, of := range []struct{ period, from, to string }{
			{"day", "2026-03-15", "2026-03-15"}, {"month", "2026-03-01", "2026-03-31"}, {"year", "2025-07-01", "2026-06-30"},
		} {
			b.Run(name+" of a "+of.period, func(b *testing.B) {
				p, err := ParsePeriod(of.from, of.to, berlin, reportstest.Later)
				require.NoError(b, err)
				for b.Loop() {
					err := NewReader(kept.DB(), time.Now).Read(ctx, name, Query{Period: p}, func(r *Report) error {
						_, err := r.Collect(1_000_000)
						return err
					})
					require.NoError(b, err)
				}
			})
		}
	}
}
