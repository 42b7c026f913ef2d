package reports

import (
	"context"
	"database/sql"
	"fmt"
	"math"
)

// Price is what a question costs callers: of the calls that were asked it, how long it took and how it ended. Shares are
// from 0 to 1, and NaN of no calls.
type Price struct {
	Step string
	// Calls were asked it; Seconds is the median of how long it took, however often it was asked.
	Calls   int64
	Seconds float64
	// NoInput, Wrong, OptedOut and Abandoned are the shares of the calls that kept silent once, were wrong once, did not
	// have it, or hung up at it. Lost are those that did not pass it, and ended unverified.
	NoInput, Wrong, OptedOut, Abandoned, Lost float64
}

// Prices are those of the steps of a line's calls, by step.
func (r *Reader) Prices(ctx context.Context, line string, p Period) (all map[string]Price, err error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("read the prices of questions: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	w := where(p.From.UnixMilli(), p.To.UnixMilli(), []string{line})
	w.and(own)
	all = map[string]Price{}
	err = each(ctx, tx, func(scan func(...any) error) error {
		var one Price
		var noInput, wrong, optedOut, abandoned, lost int64
		var ms float64
		err := scan(&one.Step, &one.Calls, &ms, &noInput, &wrong, &optedOut, &abandoned, &lost)
		share := func(n int64) float64 {
			if one.Calls == 0 {
				return math.NaN()
			}
			return float64(n) / float64(one.Calls)
		}
		one.Seconds = ms / 1000
		one.NoInput, one.Wrong, one.OptedOut = share(noInput), share(wrong), share(optedOut)
		one.Abandoned, one.Lost = share(abandoned), share(lost)
		all[one.Step] = one
		return err
	}, `WITH asked AS (
  SELECT s.step, s.call, sum(s.ms) AS ms, max(s.no_input > 0) AS no_input, max(s.rejected > 0) AS wrong,
    max(s.result = 'opted_out') AS opted_out, max(s.result = 'abandoned') AS abandoned,
    max(s.result = 'passed') AS passed, max(c.verdict = 'verified') AS verified
  FROM call_steps AS s JOIN calls AS c ON c.call = s.call
  WHERE `+w.text+` AND s.attempts > 0 AND s.result IS NOT NULL
  GROUP BY s.step, s.call),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY step ORDER BY ms) AS n, count(*) OVER (PARTITION BY step) AS calls FROM asked)
SELECT step, max(calls), avg(iif(n IN ((calls + 1) / 2, (calls + 2) / 2), ms, NULL)), sum(no_input), sum(wrong), sum(opted_out),
  sum(abandoned), sum(NOT passed AND NOT verified)
FROM ranked GROUP BY step`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("read the prices of questions: %w", err)
	}
	return all, nil
}
