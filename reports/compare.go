package reports

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countersign/internal/wallclock"
)

// ErrNothingToCompare is a period that began only now.
var ErrNothingToCompare = errors.New("the period has only just begun: there is nothing to compare yet")

// ErrNoComparison is a report that counts nothing.
var ErrNoComparison = errors.New("the report calls lists calls, and compares nothing: other reports do")

const (
	noteNotOver    = "The period is not over: both periods are compared up to the same moment, %s and %s."
	noteDays       = "This period has %d days, the one before %d."
	noteIncomplete = "The period before is not complete: the first call that is counted began at %s. Changes in percent " +
		"would mislead."
)

// Previous is the word for a comparison with the period before.
const Previous = "previous"

// Compares says whether a report can be compared with that of the period before.
func Compares(name string) bool { return len(reportKindOf(name).compared) > 0 }

// Comparable says whether a section has the same parts in another period.
func Comparable(by string) bool {
	u, inTime := units[by]
	return !inTime || u.cycle > 0
}

// comparison is a period, the one before it, and what is to be known about both.
type comparison struct {
	now, before Period
	notes       []string
	// complete says that all of the period before was counted.
	complete bool
}

// compare reports the numbers of a report in a period and in the one before: a row for each number of each part.
func (k reportKind) compare(ctx context.Context, tx *sql.Tx, q Query, now time.Time) (*Report, error) {
	if len(k.compared) == 0 {
		return nil, ErrNoComparison
	}
	q.By = slices.DeleteFunc(slices.Clone(q.By), func(by string) bool { return !Comparable(by) })
	c, err := compared(ctx, tx, q, now)
	if err != nil {
		return nil, err
	}
	q.Period = c.now
	r, err := k.make(ctx, tx, q, now)
	if err != nil {
		return nil, err
	}
	q.Period = c.before
	base, err := k.make(ctx, tx, q, now)
	if err != nil {
		return nil, err
	}
	rows, err := k.changes(r, base, c.complete)
	if err != nil {
		return nil, err
	}
	r.Filters = append(r.Filters, q.Language.Sprintf("compared with %s", c.before.Say(q.Language)))
	r.measures = r.Columns
	r.Columns = slices.Concat(names(r), changeColumns())
	r.Rows, r.Of, r.Chart = Rows(rows), int64(len(rows)), nil
	r.Notes = append(c.notes, r.Notes...)
	r.Period, r.Before = c.now, &c.before
	return r, nil
}

// compared finds the period before, cuts both where the first is not over, and says what is missing.
func compared(ctx context.Context, tx *sql.Tx, q Query, now time.Time) (c comparison, err error) {
	c.now, c.before, c.complete = q.Period, q.Period.before(), true
	if q.Period.To.After(now) {
		end := time.UnixMilli(now.UnixMilli() / quarter * quarter).In(q.Period.From.Location())
		if !end.After(q.Period.From) {
			return c, ErrNothingToCompare
		}
		c.before.To = c.before.sameMoment(q.Period, end)
		c.now.To = end
		const minutes = "2006-01-02 15:04"
		c.notes = append(c.notes, q.Language.Sprintf(noteNotOver, end.Format(minutes), c.before.To.Format(minutes)))
	} else if a, b := c.now.length(), c.before.length(); a != b {
		c.notes = append(c.notes, q.Language.Sprintf(noteDays, a, b))
	}
	var first sql.NullInt64
	if err := tx.QueryRowContext(ctx, "SELECT min(started) FROM calls").Scan(&first); err != nil {
		return c, fmt.Errorf("read the reports: %w", err)
	}
	zone := q.Period.From.Location()
	if at := time.UnixMilli(first.Int64).In(zone); first.Valid && today(at) > today(c.before.From) {
		c.complete = false
		c.notes = append(c.notes, q.Language.Sprintf(noteIncomplete, at.Format("2006-01-02 15:04")))
	}
	return c, nil
}

// before is the period before: as many months of the calendar, or as many days, or as much time.
func (p Period) before() Period {
	zone, first, end := p.From.Location(), today(p.From), today(p.To.In(p.From.Location()))
	if !p.From.Equal(startOfDay(first, zone)) || !p.To.Equal(startOfDay(end, zone)) {
		return Period{p.From.Add(-p.To.Sub(p.From)), p.From}
	}
	year, month, on := first.Utc().Date()
	endYear, endMonth, endOn := end.Utc().Date()
	begin := first - (end - first)
	if on == 1 && endOn == 1 {
		begin = dayOf(year, month-time.Month((endYear-year)*12+int(endMonth-month)), 1)
	}
	return Period{startOfDay(begin, zone), p.From}
}

// sameMoment is the moment of the period that corresponds to at in another: as many days and hours after its beginning,
// by the clock on the wall. It is not after the period.
func (p Period) sameMoment(other Period, at time.Time) time.Time {
	wall := func(t time.Time) time.Time {
		_, offset := t.Zone()
		return t.UTC().Add(time.Duration(offset) * time.Second)
	}
	then := wallclock.First(wall(p.From).Add(wall(at).Sub(wall(other.From))), p.From.Location())
	if then.After(p.To) {
		return p.To
	}
	return then
}

// length is the number of days on which the period has a part.
func (p Period) length() int64 { return int64(today(p.To.Add(-time.Millisecond)) - today(p.From) + 1) }

// changes are rows of the numbers that the report compares, in the order of the report; what only the period before has
// comes at the end of its section.
func (k reportKind) changes(r, base *Report, complete bool) (out []Row, err error) {
	now, err := r.Collect(1 << 30)
	if err != nil {
		return nil, err
	}
	then, err := base.Collect(1 << 30)
	if err != nil {
		return nil, err
	}
	of := map[string]Row{}
	for _, row := range then {
		of[r.nameOf(row)] = row
	}
	add := func(named, a, b Row) {
		for _, key := range k.compared {
			i := r.column(key)
			x, y := cellOf(a, i), cellOf(b, i)
			if r.Columns[i].Kind == Count { // a row that is missing counted nothing
				x, y = orNone(a, x, y), orNone(b, y, x)
			}
			if row := changeOf(r.Columns[i], x, y, complete); row != nil {
				out = append(out, slices.Concat(r.named(named), row))
			}
		}
	}
	seen := map[string]bool{}
	for n, row := range now {
		name := r.nameOf(row)
		seen[name] = true
		add(row, row, of[name])
		if n+1 < len(now) && now[n+1][0] == row[0] {
			continue
		}
		for _, old := range then {
			if old[0] == row[0] && !seen[r.nameOf(old)] {
				seen[r.nameOf(old)] = true
				add(old, nil, old)
			}
		}
	}
	for _, old := range then {
		if !seen[r.nameOf(old)] {
			add(old, nil, old)
		}
	}
	return out, nil
}

func cellOf(row Row, i int) any {
	if row == nil {
		return nil
	}
	return row[i]
}

// changeOf is what changed in one number, or nil if it is in neither period.
func changeOf(c Column, now, before any, complete bool) Row {
	if now == nil && before == nil {
		return nil
	}
	row := Row{c.Key, now, before, nil, nil}
	if now == nil || before == nil {
		return row
	}
	switch c.Kind {
	case Count:
		row[3] = now.(int64) - before.(int64)
	default:
		row[3] = tenth(Float(now) - Float(before))
	}
	if base := Float(before); base > 0 && c.Kind != Percent && complete {
		row[4] = tenth(100 * (Float(now) - base) / base)
	}
	return row
}

// orNone is 0 for a row that is missing, if the other period has it. A count that is left out stays so.
func orNone(row Row, v, other any) any {
	if row == nil && other != nil {
		return int64(0)
	}
	return v
}

func names(r *Report) (columns []Column) {
	for _, c := range r.Columns {
		if c.Names {
			columns = append(columns, c)
		}
	}
	return columns
}

// named are the cells that name a row.
func (r *Report) named(row Row) (cells Row) {
	for i, c := range r.Columns {
		if c.Names {
			cells = append(cells, row[i])
		}
	}
	return cells
}

func (r *Report) nameOf(row Row) string {
	var all []string
	for _, cell := range r.named(row) {
		all = append(all, Plain(cell))
	}
	return strings.Join(all, "\x00")
}

func changeColumns() []Column {
	return []Column{
		{Key: "number", Title: "Measure", Means: "which number of the report is compared", Kind: Text, Names: true},
		{Key: "now", Title: "Now", Means: "in this period", Kind: Figure},
		{Key: "before", Title: "Before", Means: "in the period before", Kind: Figure},
		{
			Key: "change", Title: "Change", Means: "now less before; of percentages, in percentage points", Kind: Figure,
			Signed: true,
		},
		{
			Key: "change_percent", Title: "Change %",
			Means: "the change in percent of before; – if that was nothing, is not complete, or is a percentage itself",
			Kind:  Percent, Signed: true,
		},
	}
}
