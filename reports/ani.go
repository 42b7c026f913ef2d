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
		callsField(), aniField(), aniRate(),
		counter("identified_otherwise", "Otherwise", meansOtherwise, other),
		rate("identified_otherwise_percent", "Otherw. %", "identified otherwise, in percent of calls", other, calls),
		counter("not_identified", "Not ident.", meansNotIdentified, unknown),
		rate("not_identified_percent", "Not id. %", "not identified, in percent of calls", unknown, calls),
	})
	if err != nil {
		return nil, err
	}
	r.number(total, "Calls", "calls", "")
	r.number(total, "Identified by ANI", "identified_by_ani", "identified_by_ani_percent")
	r.number(total, "Identified otherwise", "identified_otherwise", "identified_otherwise_percent")
	r.number(total, "Not identified", "not_identified", "not_identified_percent")
	r.draw("Identified by ANI and otherwise", q, "calls", "identified_by_ani", "identified_otherwise")
	r.Notes = append(r.Notes, noteCalls)
	return r, nil
}
