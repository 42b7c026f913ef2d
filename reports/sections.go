package reports

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"countersign/reports/reportsdb"
)

// section is a way to group calls, other than by when they began.
type section struct {
	of func(*callKind) string
	// only picks the calls that belong to it.
	only which
}

var dimensions = map[string]section{
	"line":    {func(k *callKind) string { return k.line }, func(*callKind) bool { return true }},
	"reason":  {func(k *callKind) string { return k.failedReason }, failed},
	"step":    {func(k *callKind) string { return k.failedStep }, failed},
	"methods": {func(k *callKind) string { return k.methods }, verified},
}

// partial says whether a section is about some calls only.
func partial(by string) bool { return by == "reason" || by == "step" || by == "methods" }

// sections is what was counted: the total, and the parts of each section.
type sections struct {
	by    []string
	kinds []*callKind
	total *tally
	parts map[string]map[any]*tally
	// timed picks the calls whose times matter.
	timed which
}

// count counts the calls of a query, grouped by its sections.
func count(ctx context.Context, tx *sql.Tx, q Query, timed which) (*sections, error) {
	if !q.Period.quarters() {
		return nil, ErrUneven
	}
	byNumber, kinds, err := kindsOf(ctx, tx, q.Lines)
	if err != nil {
		return nil, err
	}
	s := &sections{by: q.By, kinds: kinds, total: newTally(kinds), parts: map[string]map[any]*tally{}, timed: timed}
	for _, by := range q.By {
		s.parts[by] = map[any]*tally{}
	}
	c := counting{sections: s, kinds: s.placed(byNumber), stretches: q.Period.stretches()}
	for _, by := range q.By {
		if u, ok := units[by]; ok {
			c.divided = append(c.divided, division{by, u})
		}
	}
	// One row per day (UTC): reading a row for each kind of calls takes longer than counting them.
	err = each(ctx, tx, func(scan func(...any) error) error {
		var started int64
		var times sql.RawBytes
		if err := scan(&started, &times); err != nil {
			return err
		}
		c.begin(started)
		return reportsdb.EachTime(times, c.call)
	}, "SELECT started, "+reportsdb.TimesOfDay+" FROM kinds_daily WHERE started > ? AND started < ? GROUP BY started",
		q.Period.From.UnixMilli()-day, q.Period.To.UnixMilli())
	c.end()
	return s, err
}

// counting counts the calls day by day (UTC).
type counting struct {
	*sections
	kinds     map[int64]*placed
	stretches []stretch
	divided   []division                       // the sections that divide time
	quarters  [reportsdb.Quarters]localQuarter // of the day
	number    int64                            // of the kind that came last,
	last      *placed                          // and where it is counted
}

// division is a section that divides time.
type division struct {
	by string
	unit
}

// placed is the number of calls of a kind, and the tallies that count them whenever they began.
type placed struct {
	at      int // in tallies
	timed   bool
	calls   int64
	times   times
	tallies []*tally
}

// localQuarter is a quarter hour, and the tallies of calls that began in it, once there is one.
type localQuarter struct {
	wanted, known bool
	local         int64 // milliseconds since 1970 in local time
	tallies       []*tally
}

func (s *sections) placed(kinds map[int64]int) map[int64]*placed {
	all := map[int64]*placed{}
	for number, at := range kinds {
		k := s.kinds[at]
		p := &placed{at: at, timed: s.timed(k), tallies: []*tally{s.total}}
		for _, by := range s.by {
			if d, ok := dimensions[by]; ok && d.only(k) {
				p.tallies = append(p.tallies, s.part(by, d.of(k)))
			}
		}
		all[number] = p
	}
	return all
}

func (c *counting) begin(started int64) {
	c.quarters = [reportsdb.Quarters]localQuarter{}
	for _, part := range c.stretches {
		for i := range int64(day / quarter) {
			if at := started + i*quarter; at >= part.from && at < part.to {
				c.quarters[i] = localQuarter{wanted: true, local: at + part.offset}
			}
		}
	}
}

func (c *counting) call(kind int64, quarter int, ms int64) {
	if c.last == nil || kind != c.number {
		c.number, c.last = kind, c.kinds[kind]
	}
	q := &c.quarters[quarter]
	if c.last == nil || !q.wanted {
		return
	}
	if !q.known {
		q.known = true
		for _, d := range c.divided {
			q.tallies = append(q.tallies, c.part(d.by, d.key(q.local)))
		}
	}
	c.last.calls++
	if c.last.timed {
		c.last.times.put(ms)
	}
	for _, t := range q.tallies {
		t.calls[c.last.at]++
		if c.last.timed {
			t.times.put(ms)
		}
	}
}

// end adds what was summed up for each kind.
func (c *counting) end() {
	for _, p := range c.kinds {
		for _, t := range p.tallies {
			t.calls[p.at] += p.calls
			t.times.add(&p.times)
		}
	}
}

func (s *sections) part(by string, key any) *tally {
	t := s.parts[by][key]
	if t == nil {
		t = newTally(s.kinds)
		s.parts[by][key] = t
	}
	return t
}

// rows are the total and, section by section, its parts: days, weeks, hours, … in order and without gaps, lines by
// name, the others biggest first.
func (s *sections) rows(q Query, now time.Time, cells func(by string, t *tally) []any) (all []Row) {
	add := func(by string, what any, t *tally) { all = append(all, append(Row{by, what}, cells(by, t)...)) }
	add("total", "", s.total)
	for _, by := range s.by {
		if u, ok := units[by]; ok {
			for _, key := range u.keys(q.Period, now) {
				s.part(by, key)
			}
		} else if by == "line" {
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
	for key, t := range s.parts[by] {
		line, _ := key.(string)
		_, inTime := units[by]
		if inTime || t.count(dimensions[by].only) > 0 || by == "line" && slices.Contains(wanted, line) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b any) int {
		if x, ok := a.(int64); ok {
			return cmp.Compare(x, b.(int64))
		}
		biggest := 0
		if by != "line" {
			biggest = cmp.Compare(s.parts[by][b].count(dimensions[by].only), s.parts[by][a].count(dimensions[by].only))
		}
		return cmp.Or(biggest, cmp.Compare(a.(string), b.(string)))
	})
	return keys
}

// what is the name of a part.
func what(by string, key any) any {
	if u, ok := units[by]; ok {
		return u.code(key.(int64))
	}
	if by == "step" && key == "" {
		return NoStep
	}
	return key
}
