package reports

import (
	"context"
	"database/sql"
	"time"

	"countersign/session/event"
)

// makeFailed reports how many callers went to an agent without proving what the line asks for, at which step, and why.
func makeFailed(ctx context.Context, tx *sql.Tx, q Query, now time.Time) (*Report, error) {
	known := func(k *callKind) bool { return failed(k) && k.status == string(event.StatusIdentified) }
	unknown := func(k *callKind) bool { return failed(k) && !known(k) }
	r, total, err := counts(ctx, tx, q, now, none, []field{
		ofAll(counter("calls", "Calls", calls)),
		counter("failed", "Failed", failed), ofAll(rate("failed_percent", "Fail. %", failed, calls)),
		share("share_percent", "Share %", failed),
		counter("identified_only", "Identified only", known), counter("neither", "Neither", unknown),
	})
	if err != nil {
		return nil, err
	}
	r.number(total, "Calls", "calls", "")
	r.number(total, "Failed", "failed", "failed_percent")
	r.number(total, "Identified only", "identified_only", "")
	r.number(total, "Neither", "neither", "")
	r.draw("Failed", q, "", "failed")
	r.Notes = append(r.Notes, "Share is of all failed calls. Identified only: "+
		"the caller was identified, but did not prove it. "+noteReason, noteCalls)
	return r, nil
}
