// Package render formats a report: a table for the terminal, CSV, JSON, XLSX or PDF. Every format shows the same
// report, so that no two differ in a number.
package render

import (
	"fmt"
	"io"
	"strings"

	"countersign/reports"
)

// Format is the format of a report.
type Format string

const (
	// Table is for a terminal.
	Table Format = "table"
	// CSV is RFC 4180 in UTF-8: a line of keys, and the rows.
	CSV Format = "csv"
	// JSON is an object, as report.schema.json describes it.
	JSON Format = "json"
	// XLSX is a workbook with the rows on its first sheet, and everything else on the second.
	XLSX Format = "xlsx"
	// PDF is pages of A4, as many as the rows need, for people.
	PDF Format = "pdf"
)

// Formats lists all of them.
func Formats() []Format { return []Format{Table, CSV, JSON, XLSX, PDF} }

// Whole says whether the format has all rows by default; a terminal shows as many as people read.
func (f Format) Whole() bool { return f != Table }

// Binary says whether the format cannot be shown on a terminal.
func (f Format) Binary() bool { return f == XLSX || f == PDF }

// Print writes a report. After an error, what was written is useless.
func Print(w io.Writer, r *reports.Report, f Format, t Terminal) error {
	switch f {
	case Table:
		return printTable(w, r, t)
	case CSV:
		return printCSV(w, r)
	case JSON:
		return printJSON(w, r)
	case XLSX:
		return printXLSX(w, r)
	case PDF:
		return printPDF(w, r)
	default:
		return fmt.Errorf("there is no format %q", f)
	}
}

// scope describes the calls of a report, except for its period.
func scope(r *reports.Report) string {
	lines := r.Language.Text("all lines")
	if len(r.Lines) == 1 {
		lines = r.Language.Sprintf("line %s", r.Lines[0])
	} else if len(r.Lines) > 1 {
		lines = r.Language.Sprintf("lines %s", strings.Join(r.Lines, ", "))
	}
	if len(r.Filters) > 0 {
		lines += "; " + strings.Join(r.Filters, ", ")
	}
	return lines
}

// left says how many rows are not shown, and which option shows them.
func left(r *reports.Report, shown int) string {
	return r.Language.Sprintf("%d of %d rows are shown; pdf, csv, xlsx and json have all (calls: "+
		"as many as --limit says).",
		shown, r.Of)
}
