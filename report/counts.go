package report

import (
	"context"
	"database/sql"
	"time"
)

// Notes that say how the counts are to be read.
const (
	noteCalls = "A call counts on the day on which it began. Step-ups and calls that came back to us are counted in step-ups and nowhere else."
	noteANI   = "Identified by ANI: the caller's number alone said which customer it belongs to."
	noteRates = "Verified: proved to be the customer, at the level that the line asks for. Failed: went to a person without it. Neither: hung up before, called outside of " +
		"opening hours, or a line that only identifies. Percentages are of calls."
	noteTimes   = "Seconds are from the start of a call to its verdict; p95 is what 95 % of the calls stay within."
	noteMethods = "Methods are in the order in which they were passed."
	noteReason  = "The reason and the step are those at which a call failed. Which calls: countersign report calls --failed --reason REASON --step STEP."
)

// field is a column of a counted report: how its cells come from the tally of a row and that of the whole report.
type field struct {
	Column
	cell func(t, all *tally) any
	// whole is a number about all calls, which says nothing about those of one reason, step or method.
	whole bool
}

func counter(key, title string, n func(*tally) int64) field {
	return field{Column: Column{Key: key, Title: title, Kind: Count}, cell: func(t, _ *tally) any { return n(t) }}
}

func rate(key, title string, part, whole func(*tally) int64) field {
	return field{Column: Column{Key: key, Title: title, Kind: Percent}, cell: func(t, _ *tally) any { return percent(part(t), whole(t)) }}
}

// share is a rate of what the whole report has.
func share(key, title string, part func(*tally) int64) field {
	return field{Column: Column{Key: key, Title: title, Kind: Percent}, cell: func(t, all *tally) any { return percent(part(t), part(all)) }}
}

func timing(key, title string, of func(*tally) any) field {
	return field{Column: Column{Key: key, Title: title, Kind: Seconds}, cell: func(t, _ *tally) any { return of(t) }}
}

func minor(f field) field {
	f.Minor = true
	return f
}

func ofAll(f field) field {
	f.whole = true
	return f
}

func calls(t *tally) int64      { return t.calls }
func ani(t *tally) int64        { return t.ani }
func identified(t *tally) int64 { return t.identified }
func verified(t *tally) int64   { return t.verified }
func failed(t *tally) int64     { return t.failed }

// counts makes the report that these fields are, and its first row, the total.
func counts(ctx context.Context, tx *sql.Tx, q Query, now time.Time, d detail, fields []field) (r *Report, total Row, err error) {
	s, err := count(ctx, tx, q, d)
	if err != nil {
		return nil, nil, err
	}
	r = &Report{Columns: []Column{{Key: "by", Title: "By", Kind: Text}, {Key: "what", Title: "What", Kind: Text}}}
	for _, f := range fields {
		r.Columns = append(r.Columns, f.Column)
	}
	all := s.rows(q, now, func(by string, t *tally) (cells []any) {
		for _, f := range fields {
			switch {
			case !partial(by):
				cells = append(cells, f.cell(t, &s.total))
			case f.whole:
				cells = append(cells, nil)
			default:
				cells = append(cells, f.cell(t, &s.single))
			}
		}
		return cells
	})
	r.Rows, r.Of = rows(all), int64(len(all))
	if s.total.calls == 0 {
		r.Notes = append(r.Notes, noCalls)
	}
	if d.from != "" {
		older, err := keptSince(ctx, tx, q.Period)
		if err != nil {
			return nil, nil, err
		}
		r.Notes = append(r.Notes, older...)
	}
	return r, all[0], nil
}

const noCalls = "There were no calls in this period."

// number takes one of the numbers that matter most from the total: the keys of the number and of its share, which may be "".
func (r *Report) number(total Row, title, key, share string) {
	at := r.column(key)
	n := Number{Key: key, Title: title, Kind: r.Columns[at].Kind, Value: total[at]}
	if share != "" {
		n.Share = total[r.column(share)]
	}
	r.Numbers = append(r.Numbers, n)
}

// draw says what is drawn: parts of a whole for each row of a section.
func (r *Report) draw(title string, q Query, of string, parts ...string) {
	by := q.By[len(q.By)-1]
	r.Chart = &Chart{Title: title + " by " + by, By: by, Labels: []int{1}, Of: -1}
	if of != "" {
		r.Chart.Of = r.column(of)
	}
	for _, p := range parts {
		r.Chart.Parts = append(r.Chart.Parts, r.column(p))
	}
}
