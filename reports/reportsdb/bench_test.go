package reportsdb

import (
	"context"
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/event/eventtest"
)

var benchCalls = flag.Int("reports.calls", 20_000, "calls of a year that reports are measured on")

// BenchmarkReports measures how fast events are counted, and what analysts ask of a year of calls. So that it runs in
// seconds there are few of them; a million take some minutes and 600 MB: go test ./store -run "^$" -bench
// BenchmarkReports -benchtime 20x -timeout 1h -reports.calls=1000000
func BenchmarkReports(b *testing.B) {
	year := time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	r := openReports(b, filepath.Join(b.TempDir(), "reports.db"))
	_, err := r.db.Write.ExecContext(context.Background(), "PRAGMA synchronous = OFF")
	require.NoError(b, err)
	spent, n := time.Duration(0), 0
	var batch []event.Event
	apply := func() {
		began := time.Now()
		_, err := r.Apply(context.Background(), batch)
		require.NoError(b, err)
		spent += time.Since(began)
		batch = batch[:0]
	}
	for call := range (eventtest.History{Seed: 1, Calls: *benchCalls, From: year, To: year.AddDate(1, 0, 0)}).All() {
		n += len(call)
		if batch = append(batch, call...); len(batch) > 500 { // as the consumer does
			apply()
		}
	}
	apply()
	var size int64
	require.NoError(b, r.DB().QueryRow("SELECT page_count * page_size FROM pragma_page_count, "+
		"pragma_page_size").Scan(&size))
	b.Logf("%d events of %d calls taken in within %s, %.0f events/s, %d bytes a call", n, *benchCalls,
		spent.Round(time.Second), float64(n)/spent.Seconds(),
		size/int64(*benchCalls))

	march := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	for _, q := range []struct {
		name, query string
		args        []any
	}{
		{"daily of the year", "SELECT day, sum(calls), sum(verified), sum(failed) FROM daily GROUP BY day", nil},
		{"daily of a month by line", "SELECT * FROM daily WHERE day BETWEEN '2026-03-01' AND '2026-03-31'", nil},
		{
			"quarter hours of a month",
			"SELECT started / 3600000, sum(calls), sum(verify_ms) FROM quarter_hours WHERE started BETWEEN ? AND ? GROUP BY 1",
			[]any{march, march + 31*dayWidth},
		},
		{"funnel of the year", "SELECT * FROM funnel", nil},
		{
			"funnel of a month",
			"SELECT line, step, attempt, sum(asked), sum(ms) FROM funnel_daily WHERE day BETWEEN '2026-03-01' AND " +
				"'2026-03-31' GROUP BY 1, 2, 3",
			nil,
		},
		{"verified of the year by methods", `SELECT k.methods, k.level, sum(d.calls), sum(d.verify_ms)
			FROM kinds_daily AS d JOIN kinds AS k USING (kind)
			WHERE k.verdict = 'verified' GROUP BY 1, 2`, nil},
		{"failed of the year by step", `SELECT k.failed_reason, k.failed_step, sum(d.calls)
			FROM kinds_daily AS d JOIN kinds AS k USING (kind) WHERE k.verdict = 'failed'
			GROUP BY 1, 2`, nil},
		{
			"times to the verdict, of a month",
			"SELECT ms / 1000, count(*) FROM verdict_times WHERE day_started BETWEEN ? AND ? GROUP BY 1",
			[]any{march, march + 30*dayWidth},
		},
		{"identified by ani, of the year", "SELECT count(*) FROM identified_by_ani", nil},
		{"verified, of the year", "SELECT count(*) FROM verified", nil},
		{"failed of the year by reason", "SELECT reason, step, count(*) FROM failed GROUP BY reason, step", nil},
		{
			"failed of a month by reason",
			"SELECT reason, step, count(*) FROM failed WHERE started BETWEEN ? AND ? GROUP BY reason, step",
			[]any{march, march + 31*dayWidth},
		},
		{
			"calls of a week by status",
			"SELECT status, count(*), avg(ms) FROM calls WHERE started BETWEEN ? AND ? GROUP BY status",
			[]any{march, march + 7*dayWidth},
		},
		{"calls of a customer", "SELECT * FROM calls WHERE customer = '100042' ORDER BY started DESC LIMIT 50", nil},
		{"last 50 calls of a line", "SELECT * FROM calls WHERE line = 'retail' ORDER BY started DESC LIMIT 50", nil},
		{"journey of a call", "SELECT * FROM call_steps WHERE call = 'call-00000042' ORDER BY position", nil},
	} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				rows, err := r.DB().Query(q.query, q.args...)
				require.NoError(b, err)
				for rows.Next() {
				}
				require.NoError(b, rows.Err())
				require.NoError(b, rows.Close())
			}
		})
	}
}
