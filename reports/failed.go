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
		ofAll(callsField()), failedField(), ofAll(failedRate()),
		share("share_percent", "Share %", "the row's part of all failed calls, in percent", failed),
		counter("identified_only", "Identified only", meansIdentifiedOnly, known),
		counter("neither", "Not ident.", meansNotIdentified, unknown),
	})
	if err != nil {
		return nil, err
	}
	r.number(total, "Calls", "calls", "")
	r.number(total, "Failed", "failed", "failed_percent")
	r.number(total, "Identified only", "identified_only", "")
	r.number(total, "Not identified", "neither", "")
	r.draw("Failed", q, "", "failed")
	r.Notes = append(r.Notes, noteReason, noteCalls)
	return r, nil
}
