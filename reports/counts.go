package reports

import (
	"context"
	"database/sql"
	"time"

	"countersign/reports/words"
)

// Notes that explain the counts.
const (
	noteCalls = "A call counts on the day on which it began. " +
		"Step-ups and calls that came back to us count as step-ups and nowhere else."
	noteRates = "Percentages are of calls. Calls that are neither verified nor failed: the caller hung up before, " +
		"called outside of opening hours, or the line only identifies."
	noteReason = "Which calls: countersign report calls --failed --reason REASON --step STEP; JSON and CSV have the " +
		"codes for it."
)

// field is a column of a counted report: it makes a cell from the tallies of a row and of the whole report.
type field struct {
	Column
	cell func(t, all *tally) any
	// whole is about all calls, which says nothing about those of one reason, step or method.
	whole bool
}

func counter(key, title, means string, of which) field {
	return field{
		Column: Column{Key: key, Title: title, Means: means, Kind: Count},
		cell:   func(t, _ *tally) any { return t.count(of) },
	}
}

func rate(key, title, means string, part, whole which) field {
	return field{Column: Column{Key: key, Title: title, Means: means, Kind: Percent}, cell: func(t, _ *tally) any {
		return percent(t.count(part), t.count(whole))
	}}
}

// share is a rate of the whole report's number.
func share(key, title, means string, part which) field {
	return field{Column: Column{Key: key, Title: title, Means: means, Kind: Percent}, cell: func(t, all *tally) any {
		return percent(t.count(part), all.count(part))
	}}
}

func timing(key, title, means string, of func(*times) any) field {
	return field{Column: Column{Key: key, Title: title, Means: means, Kind: Seconds}, cell: func(t, _ *tally) any {
		return of(&t.times)
	}}
}

// timings are of the calls whose times the report shows.
func timings() []field {
	return []field{
		timing("mean_seconds", "Mean s", "the average of the seconds from the start of a call to its verdict",
			(*times).mean),
		timing("median_seconds", "Median s", "half of the calls need no more seconds to their verdict",
			func(t *times) any { return t.quantile(50) }),
		timing("p95_seconds", "p95 s", "95 % of the calls need no more seconds to their verdict",
			func(t *times) any { return t.quantile(95) }),
	}
}

func minor(f field) field {
	f.Minor = true
	return f
}

func ofAll(f field) field {
	f.whole = true
	return f
}

// counts makes a report with these fields, and returns its first row, the total. timed picks the calls whose times
// count.
func counts(
	ctx context.Context, tx *sql.Tx, q Query, now time.Time, timed which, fields []field,
) (r *Report, total Row, err error) {
	s, err := count(ctx, tx, q, timed)
	if err != nil {
		return nil, nil, err
	}
	r = &Report{Columns: []Column{
		{
			Key: "by", Title: "By", Kind: Text, Names: true, Words: words.Sections,
			Means: "what the calls of a row have in common",
		},
		{Key: "what", Title: "What", Kind: Text, Names: true, Means: "which line, day, … it is"},
	}}
	for _, f := range fields {
		r.Columns = append(r.Columns, f.Column)
	}
	all := s.rows(q, now, func(by string, t *tally) (cells []any) {
		for _, f := range fields {
			if f.whole && partial(by) {
				cells = append(cells, nil)
				continue
			}
			cells = append(cells, f.cell(t, s.total))
		}
		return cells
	})
	r.Rows, r.Of = Rows(all), int64(len(all))
	if s.total.count(calls) == 0 {
		r.Notes = append(r.Notes, noCalls)
	}
	return r, all[0], nil
}

const noCalls = "There were no calls in this period."

// number shows a number of the total as one of those that matter most. key and share are its columns; both may be "".
func (r *Report) number(total Row, title, key, share string) {
	at := r.column(key)
	n := Number{Key: key, Title: title, Kind: r.Columns[at].Kind, Value: total[at]}
	if share != "" {
		n.Share = total[r.column(share)]
	}
	r.Numbers = append(r.Numbers, n)
}

// draw sets the chart: parts of a whole for each row of a section.
func (r *Report) draw(title string, q Query, of string, parts ...string) {
	if len(q.By) == 0 {
		return
	}
	by := q.By[len(q.By)-1]
	r.Chart = &Chart{
		Title: q.Language.Sprintf("%s by %s", q.Language.Text(title), q.Language.Word(words.Sections, by)),
		By:    by, Labels: []int{1}, Of: -1,
	}
	if of != "" {
		r.Chart.Of = r.column(of)
	}
	for _, p := range parts {
		r.Chart.Parts = append(r.Chart.Parts, r.column(p))
	}
}
