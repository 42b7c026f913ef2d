// Package reports answers what happened on the calls of a period: how many were identified, verified and failed, why,
// how long it took, and what each question costs. It reads the views that docs/reports.md describes and changes
// nothing. It knows no customer's name and no full telephone number. Package render formats a report, reportsdb keeps
// the database.
package reports

import (
	"iter"
	"time"

	"countersign/reports/words"
)

// Report is a report in no format yet.
type Report struct {
	// Name is the name of the report in commands, such as "summary"; Title is for people.
	Name, Title string
	// Language is that of Title, Notes, Chart and of the titles and explanations of columns and numbers. Rows hold
	// codes; Word translates them.
	Language words.Language
	Period   Period
	// Lines are the service lines of the query; none means all.
	Lines []string
	// Filters describe the rest of the query, such as "status: verified".
	Filters []string
	// Before is the period that this one is compared with; nil without a comparison.
	Before *Period
	// Made is when the report was made. It contains what reached NATS until Counted; nil: nothing is counted yet.
	Made    time.Time
	Counted *time.Time
	// Numbers are those that matter most. They come from the first row, so they add nothing to the rows.
	Numbers []Number
	Columns []Column
	// Rows can be ranged over once. An error is the last element.
	Rows iter.Seq2[Row, error]
	// Of is the number of rows; Rows has fewer if the query has a limit.
	Of int64
	// Notes explain the numbers.
	Notes []string
	Chart *Chart
	// SQL are statements on the views of reports.db that read the same numbers: one for each period.
	SQL []string

	// measures are the columns whose keys are values of a column named number.
	measures []Column
}

// Row has a value for each column: nil, a string, int64, float64, Day or time.Time.
type Row []any

// Kind is the kind of a column's values.
type Kind string

const (
	// Text is a string, or a Day.
	Text Kind = "text"
	// Count is an int64.
	Count Kind = "count"
	// Percent is a float64 from 0 to 100, rounded to one decimal.
	Percent Kind = "percent"
	// Seconds is a float64, rounded to one decimal.
	Seconds Kind = "seconds"
	// Time is a time.Time in the period's time zone.
	Time Kind = "time"
	// Figure is an int64 or a float64: in which unit is in another column.
	Figure Kind = "number"
)

// Column is one column.
type Column struct {
	// Key is its name for programs, and never changes; Title is for people, and short. Both are unique in a report.
	Key, Title string
	Kind       Kind
	// Means explains the column to people.
	Means string
	// Words is the vocabulary of its codes; Names if its values are their own words.
	Words words.Vocabulary
	// Minor columns are the first that a terminal leaves out if there is no room for all.
	Minor bool
	// Names columns say which row it is: they are never left out, and come again where a wide table is continued.
	Names bool
	// ID columns hold ids whose end is enough to find what they name: if one must be cut, its end stays.
	ID bool
	// Signed numbers are changes: people see their sign.
	Signed bool
}

// Number is one of the numbers that matter most.
type Number struct {
	Key, Title string
	Kind       Kind
	Value      any
	// Share is the same in percent of something, or nil.
	Share any
}

// Chart says how to draw rows as bars.
type Chart struct {
	Title string
	// A chart draws only the rows whose first value is By; "" draws all. The bars beside a table are drawn for all rows.
	By string
	// Whole, if set, is the last label of rows that sum up those after them: a page draws only their bars, and only these
	// rows if there is no room for all.
	Whole string
	// Labels are the columns that name a bar; Of is the column of the whole, or -1; Parts are columns of its parts.
	Labels []int
	Of     int
	Parts  []int
}

// Sums says whether a row sums up others, or is no part of a sum.
func (c *Chart) Sums(row Row) bool { return c.Whole == "" || row[c.Labels[len(c.Labels)-1]] == c.Whole }

// column finds a column by its key.
func (r *Report) column(key string) int {
	for i, c := range r.Columns {
		if c.Key == key {
			return i
		}
	}
	panic("no column " + key)
}

// Rows is a sequence of rows in memory.
func Rows(all []Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Collect reads at most limit rows.
func (r *Report) Collect(limit int) (all []Row, err error) {
	for row, err := range r.Rows {
		if err != nil {
			return nil, err
		}
		if len(all) == limit {
			break
		}
		all = append(all, row)
	}
	return all, nil
}

// Texts reads the texts of one column, of at most limit rows.
func (r *Report) Texts(key string, limit int) (all []string, err error) {
	rows, err := r.Collect(limit)
	at := r.column(key)
	for _, row := range rows {
		if text, ok := row[at].(string); ok {
			all = append(all, text)
		}
	}
	return all, err
}
