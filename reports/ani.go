package reports

import (
	"context"
	"database/sql"
	"time"
)

// makeANI reports how many callers their number identified, and how many were identified in another way.
func makeANI(ctx context.Context, tx *sql.Tx, q Query, now time.Time) (*Report, error) {
	other := func(k *callKind) bool { return identified(k) && !ani(k) }
	unknown := func(k *callKind) bool { return calls(k) && !identified(k) }
	r, total, err := counts(ctx, tx, q, now, none, []field{
		counter("calls", "Calls", calls),
		counter("identified_by_ani", "By ANI", ani), rate("identified_by_ani_percent", "ANI %", ani, calls),
		counter("identified_otherwise", "Otherwise", other), rate("identified_otherwise_percent", "Otherw. %", other, calls),
		counter("not_identified", "Not at all", unknown), rate("not_identified_percent", "Not %", unknown, calls),
	})
	if err != nil {
		return nil, err
	}
	r.number(total, "Calls", "calls", "")
	r.number(total, "Identified by ANI", "identified_by_ani", "identified_by_ani_percent")
	r.number(total, "In another way", "identified_otherwise", "identified_otherwise_percent")
	r.number(total, "Not identified", "not_identified", "not_identified_percent")
	r.draw("Identified by ANI and otherwise", q, "calls", "identified_by_ani", "identified_otherwise")
	r.Notes = append(r.Notes, noteANI, noteCalls)
	return r, nil
}
