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
		callsField(), aniField(), aniRate(), verifiedField(), verifiedRate(), failedField(), failedRate(),
	}
	fields = append(fields, timings()...)
	fields = append(fields,
		minor(counter("identified", "Identified",
			"we know which customer it is, by the number or otherwise, whether verified or not", identified)),
		minor(counter("abandoned", "Abandoned", "the caller hung up before the call was handed on",
			func(k *callKind) bool { return k.ending == string(event.EndAbandoned) })),
		minor(counter("opted_out", "Opted out", "the caller did not have what was asked for",
			because(event.ReasonOptedOut))),
		minor(counter("locked", "Locked", "the customer or the caller's number was locked",
			func(k *callKind) bool { return k.locked })),
		minor(counter("unavailable", "Unavail.", "unavailable: one of our systems failed",
			because(event.ReasonUnavailable))),
		minor(counter("closed", "Closed", "outside of opening hours", because(event.ReasonClosed))),
		minor(counter("step_ups", "Step-ups", "questions for a higher level in the middle of a call, and calls that came "+
			"back; they count in no other column", func(k *callKind) bool { return !k.counted })),
	)
	r, total, err := counts(ctx, tx, q, now, func(k *callKind) bool { return k.decided }, fields)
	if err != nil {
		return nil, err
	}
	r.number(total, "Calls", "calls", "")
	r.number(total, "Identified by ANI", "identified_by_ani", "identified_by_ani_percent")
	r.number(total, "Verified", "verified", "verified_percent")
	r.number(total, "Failed", "failed", "failed_percent")
	r.number(total, "Median (seconds)", "median_seconds", "")
	r.draw("Verified and failed", q, "calls", "verified", "failed")
	r.Notes = append(r.Notes, noteRates, noteCalls)
	return r, nil
}

func because(r event.Reason) which { return func(k *callKind) bool { return k.reason == string(r) } }
