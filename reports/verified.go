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
		ofAll(callsField()), verifiedField(), ofAll(verifiedRate()),
		share("share_percent", "Share %", "the row's part of all verified calls, in percent", verified),
		counter("strong", "Level 3", "verified by knowledge and possession together", strong),
		rate("strong_percent", "Lvl. 3 %", "level 3, in percent of verified calls", strong, verified),
	}
	r, total, err := counts(ctx, tx, q, now, verified, append(fields, timings()...))
	if err != nil {
		return nil, err
	}
	r.number(total, "Calls", "calls", "")
	r.number(total, "Verified", "verified", "verified_percent")
	r.number(total, "At level 3", "strong", "strong_percent")
	r.number(total, "Median (seconds)", "median_seconds", "")
	r.number(total, "95 % within (seconds)", "p95_seconds", "")
	r.draw("Verified", q, "", "verified")
	r.Notes = append(r.Notes, noteCalls)
	return r, nil
}
