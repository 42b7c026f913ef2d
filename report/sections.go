package report

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// dimension is something that calls are told apart by.
type dimension struct {
	// sql is its value; %d in it is the offset of local time in milliseconds.
	sql string
	// of is how many of a tally belong in the section: values with none are left out, unless they are in the calendar.
	of func(*tally) int64
}

var dimensions = map[string]dimension{
	"line":    {"c.line", func(t *tally) int64 { return t.calls + t.stepUps }},
	"day":     {"(c.started + %d) / 86400000", func(t *tally) int64 { return t.calls }},
	"hour":    {"(c.started + %d) / 3600000 % 24", func(t *tally) int64 { return t.calls }},
	"reason":  {"coalesce(c.reason, '')", func(t *tally) int64 { return t.failed }},
	"step":    {"coalesce(c.step, '')", func(t *tally) int64 { return t.failed }},
	"methods": {"coalesce(c.methods, '')", func(t *tally) int64 { return t.verified }},
}

// partial says that a section is about some calls only, which a tally of all calls cannot tell apart.
func partial(by string) bool { return by == "reason" || by == "step" || by == "methods" }

// counted picks the calls that are calls of their own.
const counted = "(c.first = c.call AND c.step_up = 0)"

// sections is what was counted: all of it together, and by each dimension that was asked for.
type sections struct {
	by    []string
	total tally
	// single is the total of the calls of which each one is still known; total has the others too.
	single tally
	parts  map[string]map[any]*tally
}

// detail is what the sums do not know and single calls are read for; the zero value is nothing.
type detail struct {
	// from is what follows FROM, calls or a view of them as c; more narrows it down.
	from, more string
	columns    []string
	into       func(t *tally) (columns []any, done func())
}

const verdictTenth, verdictMS = "(c.decided - c.started + 50) / 100", "coalesce(sum(c.decided - c.started), 0)"

// inTime is how long it took to come to a verdict.
func inTime() detail {
	return detail{
		"calls AS c", " AND " + counted + " AND c.decided IS NOT NULL", []string{"count(*)", verdictMS}, func(t *tally) ([]any, func()) {
			var tenth, n, ms int64
			return []any{&tenth, &n, &ms}, func() { t.verdict.put(tenth, n, ms) }
		},
	}
}

// howVerified is by which methods, at which level and how fast.
func howVerified() detail {
	return detail{
		"calls AS c", " AND " + counted + " AND c.verdict = 'verified'", []string{"count(*)", "sum(c.level >= 3)", verdictMS}, func(t *tally) ([]any, func()) {
			var tenth, n, ms int64
			return []any{&tenth, &n, &t.strong, &ms}, func() {
				t.verified, t.singleVerified = n, n
				t.proof.put(tenth, n, ms)
			}
		},
	}
}

// whyFailed is at which step, why, and of whom.
func whyFailed() detail {
	return detail{
		"failed AS c", "", []string{"count(*)", "sum(c.status = 'identified')"}, func(t *tally) ([]any, func()) {
			return []any{&t.failed, &t.failedIdentified}, func() { t.singleFailed = t.failed }
		},
	}
}

// timed says whether calls are told apart by their time to the verdict.
func (d detail) timed() bool { return d.columns[len(d.columns)-1] == verdictMS }

// count counts the calls of a query, told apart by its sections: how many there were from the sums, which are kept for longer than single calls and are quick to read,
// and what these do not know from the calls.
func count(ctx context.Context, tx *sql.Tx, q Query, d detail) (*sections, error) {
	if !q.Period.quarters() {
		return nil, ErrUneven
	}
	s := &sections{by: q.By, parts: map[string]map[any]*tally{}}
	for _, by := range q.By {
		s.parts[by] = map[any]*tally{}
	}
	all := q.Period.stretches()
	for _, part := range all {
		if d.from == "" {
			break
		}
		if err := s.countCalls(ctx, tx, q, part, d); err != nil {
			return nil, err
		}
	}
	s.single = s.total
	s.total.clearSums()
	for _, by := range s.by {
		for _, t := range s.parts[by] {
			if !partial(by) {
				t.clearSums()
			}
		}
	}
	for _, part := range all {
		if err := s.countSums(ctx, tx, q, part); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// keysOf are the dimensions in SQL, in a stretch of time.
func keysOf(by []string, part stretch) (columns []string) {
	for _, b := range by {
		columns = append(columns, strings.ReplaceAll(dimensions[b].sql, "%d", fmt.Sprint(part.offset)))
	}
	return columns
}

// groupBy groups by the first n columns.
func groupBy(n int) string {
	if n == 0 {
		return ""
	}
	var s []string
	for i := range n {
		s = append(s, fmt.Sprint(i+1))
	}
	return " GROUP BY " + strings.Join(s, ", ")
}

func (s *sections) countCalls(ctx context.Context, tx *sql.Tx, q Query, part stretch, d detail) error {
	columns := keysOf(s.by, part)
	if d.timed() {
		columns = append(columns, verdictTenth)
	}
	w, groups := where(part.from, part.to, q.Lines), groupBy(len(columns))
	query := "SELECT " + strings.Join(append(columns, d.columns...), ", ") + " FROM " + d.from + " WHERE " + w.text + d.more + groups
	return each(ctx, tx, func(scan func(...any) error) error {
		var t tally
		keys := make([]any, len(s.by))
		into, done := d.into(&t)
		if err := scan(append(pointers(keys), into...)...); err != nil {
			return err
		}
		done()
		s.take(s.by, keys, &t)
		return nil
	}, query, w.args...)
}

func (s *sections) countSums(ctx context.Context, tx *sql.Tx, q Query, part stretch) error {
	by := slices.DeleteFunc(slices.Clone(s.by), partial)
	columns := keysOf(by, part)
	for _, sum := range []string{
		"calls", "identified_by_ani", "identified", "verified", "failed", "abandoned", "opted_out", "locked", "unavailable", "closed", "step_ups",
	} {
		columns = append(columns, "coalesce(sum(c."+sum+"), 0)")
	}
	w := where(part.from, part.to, q.Lines)
	return each(ctx, tx, func(scan func(...any) error) error {
		var t tally
		keys := make([]any, len(by))
		if err := scan(append(pointers(keys), t.sums()...)...); err != nil {
			return err
		}
		s.take(by, keys, &t)
		return nil
	}, "SELECT "+strings.Join(columns, ", ")+" FROM quarter_hours AS c WHERE "+w.text+groupBy(len(by)), w.args...)
}

func pointers(values []any) (all []any) {
	for i := range values {
		all = append(all, &values[i])
	}
	return all
}

// take adds one row of an answer wherever it belongs.
func (s *sections) take(by []string, keys []any, t *tally) {
	s.total.add(t)
	for i, b := range by {
		if text, ok := keys[i].([]byte); ok {
			keys[i] = string(text)
		}
		s.part(b, keys[i]).add(t)
	}
}

func (s *sections) part(by string, key any) *tally {
	t := s.parts[by][key]
	if t == nil {
		t = &tally{}
		s.parts[by][key] = t
	}
	return t
}

// rows are the total and, section by section, its parts: those of the calendar in their order and without gaps, lines by name, the others with the biggest first.
func (s *sections) rows(q Query, now time.Time, cells func(by string, t *tally) []any) (all []Row) {
	add := func(by string, what any, t *tally) { all = append(all, append(Row{by, what}, cells(by, t)...)) }
	add("total", "", &s.total)
	for _, by := range s.by {
		switch by {
		case "day":
			for _, d := range q.Period.days(now) {
				s.part(by, int64(d))
			}
		case "hour":
			for h := range int64(24) {
				s.part(by, h)
			}
		case "line":
			for _, l := range q.Lines {
				s.part(by, l)
			}
		}
		for _, key := range s.keys(by, q.Lines) {
			add(by, what(by, key), s.parts[by][key])
		}
	}
	return all
}

func (s *sections) keys(by string, wanted []string) (keys []any) {
	of := dimensions[by].of
	for key, t := range s.parts[by] {
		line, _ := key.(string)
		if of(t) > 0 || by == "day" || by == "hour" || by == "line" && slices.Contains(wanted, line) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b any) int {
		if x, ok := a.(int64); ok {
			return cmp.Compare(x, b.(int64))
		}
		biggest := cmp.Compare(of(s.parts[by][b]), of(s.parts[by][a]))
		if by == "line" {
			biggest = 0
		}
		return cmp.Or(biggest, cmp.Compare(a.(string), b.(string)))
	})
	return keys
}

// what names a part for people and programs.
func what(by string, key any) any {
	switch by {
	case "day":
		return Day(key.(int64))
	case "hour":
		return fmt.Sprintf("%02d:00", key)
	default:
		return key
	}
}
