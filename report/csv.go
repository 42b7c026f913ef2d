package report

import (
	"encoding/csv"
	"io"
	"strings"
)

// printCSV writes a line of keys and the rows. Only text can be mistaken for a formula: numbers are never touched.
func printCSV(w io.Writer, r *Report) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	cells := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		cells[i] = c.Key
	}
	if err := out.Write(cells); err != nil {
		return err
	}
	for row, err := range r.Rows {
		if err != nil {
			return err
		}
		for i, v := range row {
			cells[i] = plain(v)
			if _, text := v.(string); text {
				cells[i] = harmless(cells[i])
			}
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless puts an apostrophe before what a spreadsheet would take for a formula (OWASP, "CSV Injection"). Full-width signs are formulas in Japanese spreadsheets.
func harmless(s string) string {
	for _, begin := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(s, begin) {
			return "'" + s
		}
	}
	return s
}
