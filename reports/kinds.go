package reports

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// quarterBits are the lowest bits of a time in the view kinds_daily: the quarter of the day in UTC. Above them are the milliseconds to the verdict.
const quarterBits = 7

// In milliseconds.
const (
	quarter = int64(900_000)
	hour    = 4 * quarter
	day     = 24 * hour
)

// kindsOf reads the kinds of calls on the wanted lines, and where each number is among them.
func kindsOf(ctx context.Context, tx *sql.Tx, lines []string) (byNumber map[int64]int, all []*callKind, err error) {
	byNumber = map[int64]int{}
	err = each(ctx, tx, func(scan func(...any) error) error {
		var number int64
		var k callKind
		err := scan(&number, &k.line, &k.counted, &k.identifiedBy, &k.verdict, &k.methods, &k.failedReason, &k.failedStep, &k.status, &k.level, &k.reason, &k.ending,
			&k.locked, &k.decided)
		if len(lines) == 0 || slices.Contains(lines, k.line) {
			byNumber[number] = len(all)
			all = append(all, &k)
		}
		return err
	}, `SELECT kind, line, counted, coalesce(identified_by, ''), coalesce(verdict, ''), coalesce(methods, ''), coalesce(failed_reason, ''), coalesce(failed_step, ''),
		status, level, coalesce(reason, ''), coalesce("end", ''), locked, decided FROM kinds`)
	return byNumber, all, err
}

// eachTime hands on every call of a day, which are written as 1[2,3]4[5]: the number of a kind, and the times of its calls.
func eachTime(list []byte, call func(kind int64, quarter int, ms int64)) error {
	for at := 0; at < len(list); at++ {
		var kind, time int64
		if kind, at = integer(list, at); at == len(list) || list[at] != '[' {
			return fmt.Errorf("kinds_daily: %q is no list of times", list[:min(len(list), 40)])
		}
		for list[at] != ']' {
			if time, at = integer(list, at+1); at == len(list) || list[at] != ',' && list[at] != ']' {
				return fmt.Errorf("kinds_daily: %q is no list of times", list[:min(len(list), 40)])
			}
			call(kind, int(time&(1<<quarterBits-1)), time>>quarterBits)
		}
	}
	return nil
}

// integer reads one, and says where it ends.
func integer(text []byte, at int) (n int64, end int) {
	minus := at < len(text) && text[at] == '-'
	if minus {
		at++
	}
	for ; at < len(text) && text[at] >= '0' && text[at] <= '9'; at++ {
		n = 10*n + int64(text[at]-'0')
	}
	if minus {
		n = -n
	}
	return n, at
}
