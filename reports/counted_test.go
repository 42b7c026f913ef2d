package reports

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportsdb"
	"countersign/reports/reportstest"
)

func TestAReportThatIsBehindSaysSo(t *testing.T) {
	t.Parallel()
	kept, err := reportsdb.Open(context.Background(), filepath.Join(t.TempDir(), "reports.db"), reportsdb.Options{
		Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kept.Close()) })
	berlin := reportstest.Zone(t, "Europe/Berlin")
	now := time.Date(2026, 10, 25, 12, 0, 0, 0, time.UTC)
	note := func(from, to string) (said string) {
		t.Helper()
		read := NewReader(kept.DB(), func() time.Time { return now })
		for _, name := range Names() {
			said = ""
			require.NoError(t, read.Read(t.Context(), name, Query{Period: period(t, from, to, berlin)}, func(r *Report) error {
				for _, n := range r.Notes {
					if strings.Contains(n, "counted until") || strings.Contains(n, "been counted") {
						said = n
					}
				}
				return nil
			}))
		}
		return said
	}
	assert.Contains(t, note("2026-10-25", "2026-10-25"), "No events have been counted yet")
	count := func(until time.Time) { t.Helper(); require.NoError(t, kept.CountedUntil(t.Context(), until)) }
	count(now.Add(-time.Hour))
	assert.Contains(t, note("2026-10-25", "2026-10-25"), "counted until 2026-10-25 12:00;", "in the zone of the report")
	assert.Contains(t, note("2026-10-25", "2026-10-31"), "counted until 2026-10-25 12:00;")
	assert.Empty(t, note("2026-10-23", "2026-10-24"), "these days are complete")
	assert.Empty(t, note("2026-10-26", "2026-10-27"), "nothing can be missing of them")
	count(now.Add(-3 * time.Hour))
	assert.Contains(t, note("2026-10-25", "2026-10-25"), "12:00;", "what is counted stays so")
	count(now.Add(-time.Minute))
	assert.Empty(t, note("2026-10-25", "2026-10-25"))
	require.NoError(t, kept.Reset(t.Context(), time.Time{}))
	assert.Contains(t, note("2026-10-23", "2026-10-24"), "No events have been counted yet", "all is counted anew")
}
