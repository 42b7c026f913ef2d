package reports

import (
	"context"
	"database/sql"
	"time"

	"countersign/session/event"
)

// makeSummary reports the three main numbers (identified by ANI, verified, failed), with rates and times.
func makeSummary(ctx context.Context, tx *sql.Tx, q Query, now time.Time) (*Report, error) {
	fields := []field{
		counter("calls", "Calls", calls),
		counter("identified_by_ani", "By ANI", ani), rate("identified_by_ani_percent", "ANI %", ani, calls),
		counter("verified", "Verified", verified), rate("verified_percent", "Ver. %", verified, calls),
		counter("failed", "Failed", failed), rate("failed_percent", "Fail. %", failed, calls),
	}
	fields = append(fields, timings()...)
	fields = append(fields,
		minor(counter("identified", "Identified", identified)),
		minor(counter("abandoned", "Abandoned", func(k *callKind) bool { return k.ending == string(event.EndAbandoned) })),
		minor(counter("opted_out", "Opted out", because(event.ReasonOptedOut))),
		minor(counter("locked", "Locked", func(k *callKind) bool { return k.locked })),
		minor(counter("unavailable", "Unavail.", because(event.ReasonUnavailable))),
		minor(counter("closed", "Closed", because(event.ReasonClosed))),
		minor(counter("step_ups", "Step-ups", func(k *callKind) bool { return !k.counted })),
	)
	r, total, err := counts(ctx, tx, q, now, func(k *callKind) bool { return k.decided }, fields)
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

func because(r event.Reason) which { return func(k *callKind) bool { return k.reason == string(r) } }
