package staff

import (
	"countersign/reports"
)

// table is a report's rows in words.
type table struct {
	Columns []reports.Column
	Rows    []tableRow
	More    bool
}

type tableRow struct{ Cells []cell }

type cell struct {
	Text   string
	Number bool
	// Head: the cell names the row.
	Head bool
	// URL is the address of what the cell counts or names, or "".
	URL string
}

// rowsOf reads the rows that a page shows.
func rowsOf(made *reports.Report, limit int) (rows []reports.Row, more bool, err error) {
	rows, err = made.Collect(limit + 1)
	if len(rows) > limit {
		rows, more = rows[:limit], true
	}
	return rows, more, err
}

// tableOf writes rows in words. calls, if set, is the address of the calls behind a number.
func tableOf(made *reports.Report, rows []reports.Row, calls func(reports.Trace) string) (t table) {
	t.Columns = made.Columns
	for _, row := range rows {
		var shown tableRow
		for i, c := range made.Columns {
			one := cell{
				Text: made.Shown(row, i), Number: c.Kind != reports.Text && c.Kind != reports.Time,
				Head: i == 0 && c.Names,
			}
			if c.Key == "call" {
				id, _ := row[i].(string)
				one.URL = callURL(id)
			} else if calls != nil {
				if trace, ok := made.Trace(row, i); ok {
					one.URL = calls(trace)
				}
			}
			shown.Cells = append(shown.Cells, one)
		}
		t.Rows = append(t.Rows, shown)
	}
	return t
}
