package reports

import (
	"context"
	"database/sql"
	"slices"
)

// In milliseconds.
const (
	quarter = int64(900_000)
	hour    = 4 * quarter
	day     = 24 * hour
)

// kindsOf reads the kinds of calls on the wanted lines, and the place of each number among them.
func kindsOf(ctx context.Context, tx *sql.Tx, lines []string) (byNumber map[int64]int, all []*callKind, err error) {
	byNumber = map[int64]int{}
	err = each(ctx, tx, func(scan func(...any) error) error {
		var number int64
		var k callKind
		err := scan(&number, &k.line, &k.counted, &k.identifiedBy, &k.verdict, &k.methods, &k.failedReason, &k.failedStep,
			&k.status, &k.level, &k.reason, &k.ending,
			&k.locked, &k.decided)
		if len(lines) == 0 || slices.Contains(lines, k.line) {
			byNumber[number] = len(all)
			all = append(all, &k)
		}
		return err
	}, `SELECT kind, line, counted, coalesce(identified_by, ''), coalesce(verdict, ''), coalesce(methods, ''),
		coalesce(failed_reason, ''), coalesce(failed_step, ''),
		status, level, coalesce(reason, ''), coalesce("end", ''), locked, decided FROM kinds`)
	return byNumber, all, err
}
