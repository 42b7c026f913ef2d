package report

import (
	"context"
	"database/sql"
	"time"
)

// makeSummary tells the three numbers of the trade (identified by ANI, verified, failed), with rates and times.
func makeSummary(ctx context.Context, tx *sql.Tx, q Query, now time.Time) (*Report, error) {
	r, total, err := counts(ctx, tx, q, now, inTime(), []field{
		counter("calls", "Calls", calls),
		counter("identified_by_ani", "By ANI", ani), rate("identified_by_ani_percent", "ANI %", ani, calls),
		counter("verified", "Verified", verified), rate("verified_percent", "Ver. %", verified, calls),
		counter("failed", "Failed", failed), rate("failed_percent", "Fail. %", failed, calls),
		timing("mean_seconds", "Mean s", func(t *tally) any { return t.verdict.mean() }),
		timing("median_seconds", "Median s", func(t *tally) any { return t.verdict.quantile(50) }),
		timing("p95_seconds", "p95 s", func(t *tally) any { return t.verdict.quantile(95) }),
		minor(counter("identified", "Identified", identified)),
		minor(counter("abandoned", "Abandoned", func(t *tally) int64 { return t.abandoned })),
		minor(counter("opted_out", "Opted out", func(t *tally) int64 { return t.optedOut })),
		minor(counter("locked", "Locked", func(t *tally) int64 { return t.locked })),
		minor(counter("unavailable", "Unavail.", func(t *tally) int64 { return t.unavailable })),
		minor(counter("closed", "Closed", func(t *tally) int64 { return t.closed })),
		minor(counter("step_ups", "Step-ups", func(t *tally) int64 { return t.stepUps })),
	})
	if err != nil {
		return nil, err
	}
	r.number(total, "Calls", "calls", "")
	r.number(total, "Identified by ANI", "identified_by_ani", "identified_by_ani_percent")
	r.number(total, "Verified", "verified", "verified_percent")
	r.number(total, "Failed", "failed", "failed_percent")
	r.number(total, "Median seconds", "median_seconds", "")
	r.draw("Verified and failed", q, "calls", "verified", "failed")
	r.Notes = append(r.Notes, noteANI, noteRates, noteTimes, noteCalls)
	return r, nil
}
