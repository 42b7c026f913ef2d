package reports

import (
	"context"
	"database/sql"
	"time"
)

// makeVerified reports how many callers proved to be the customer, by which methods, and how long it took.
func makeVerified(ctx context.Context, tx *sql.Tx, q Query, now time.Time) (*Report, error) {
	strong := func(k *callKind) bool { return verified(k) && k.level >= 3 }
	fields := []field{
		ofAll(counter("calls", "Calls", calls)),
		counter("verified", "Verified", verified), ofAll(rate("verified_percent", "Ver. %", verified, calls)),
		share("share_percent", "Share %", verified),
		counter("strong", "Level 3", strong), rate("strong_percent", "Lvl. 3 %", strong, verified),
	}
	r, total, err := counts(ctx, tx, q, now, verified, append(fields, timings()...))
	if err != nil {
		return nil, err
	}
	r.number(total, "Calls", "calls", "")
	r.number(total, "Verified", "verified", "verified_percent")
	r.number(total, "At level 3", "strong", "strong_percent")
	r.number(total, "Median seconds", "median_seconds", "")
	r.number(total, "95 % within seconds", "p95_seconds", "")
	r.draw("Verified", q, "", "verified")
	r.Notes = append(r.Notes, "Share is of all verified calls, level 3 is knowledge and possession together. "+noteMethods,
		noteTimes, noteCalls)
	return r, nil
}
