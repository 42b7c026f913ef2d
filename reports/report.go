// Package reports says what happened on the calls of a period: how many were identified, verified and failed, why, how
// long it took, and what each question costs. It reads the views that docs/reports.md describes and refuses to change
// anything. It knows no name of a customer and no full telephone number. Package render writes a report down, reportsdb
// keeps the database.
package reports

import (
	"iter"
	"time"
)

// Report is what a report says, in no format yet.
type Report struct {
	// Name is what the report is asked for by, such as "summary"; Title is for people.
	Name, Title string
	Period      Period
	// Lines holds the service lines that were asked for; none means all.
	Lines []string
	// Filters tell what else was asked for, such as "status: verified".
	Filters []string
	// Made is when the report was made. What reached NATS until Counted is in it; nil: nobody has counted yet.
	Made    time.Time
	Counted *time.Time
	// Numbers are what matters most. They are taken from the first row, so they say nothing that the rows do not.
	Numbers []Number
	Columns []Column
	// Rows can be ranged over once. After an error comes nothing more.
	Rows iter.Seq2[Row, error]
	// Of is how many rows there are; Rows has fewer of them if a limit was asked for.
	Of int64
	// Notes say how the numbers are to be read.
	Notes []string
	Chart *Chart
}

// Row has a value for each column: nil, a string, int64, float64, Day or time.Time.
type Row []any

// Kind says what the values of a column are.
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
)

// Column is one column.
type Column struct {
	// Key is its name for programs and never changes; Title is for people and is short. Both are unique in a report.
	Key, Title string
	Kind       Kind
	// Minor columns are the first to be left out where there is no room for all.
	Minor bool
}

// Number is one of the numbers that matter most.
type Number struct {
	Key, Title string
	Kind       Kind
	Value      any
	// Share is the same in percent of something, or nil.
	Share any
}

// Chart says how rows are drawn as bars.
type Chart struct {
	Title string
	// Only the rows whose first value is By are drawn in a chart; "" draws all. Bars beside the rows of a table are
	// drawn for all.
	By string
	// Whole, if set, is the last label of rows that sum up those behind them: a page draws only these bars, and where
	// there is no room for all rows, only these.
	Whole string
	// Labels are the columns that name a bar; Of is the column of the whole, or -1; Parts are columns that are parts of
	// it.
	Labels []int
	Of     int
	Parts  []int
}

// Sums says whether a row stands for itself, or for those behind it.
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

// Rows makes a sequence of rows that are all there already.
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
