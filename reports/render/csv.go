package render

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"

	"countersign/reports"
)

// printCSV writes a line of keys and the rows, as RFC 4180 says. Text is always quoted. Only text can be mistaken for a
// formula: numbers are never touched.
func printCSV(w io.Writer, r *reports.Report) error {
	out := bufio.NewWriter(w)
	write := func(cells []string) error {
		_, err := out.WriteString(strings.Join(cells, ",") + "\r\n")
		return err
	}
	cells := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		cells[i] = c.Key
	}
	if err := write(cells); err != nil {
		return err
	}
	for row, err := range r.Rows {
		if err != nil {
			return err
		}
		for i, v := range row {
			cells[i] = reports.Plain(v)
			if _, text := v.(string); text {
				cells[i] = `"` + strings.ReplaceAll(harmless(cells[i]), `"`, `""`) + `"`
			}
		}
		if err := write(cells); err != nil {
			return err
		}
	}
	return out.Flush()
}

// harmless puts an apostrophe before what a spreadsheet would take for a formula (OWASP, "CSV Injection"): at the
// beginning, and wherever another cell begins for a spreadsheet that takes another sign for the separator, as Excel
// takes a semicolon in half of Europe. Full-width signs are formulas in Japanese spreadsheets.
func harmless(s string) string {
	var out strings.Builder
	for begins := true; s != ""; {
		r, n := utf8.DecodeRuneInString(s)
		if begins && strings.ContainsRune("=+-@\t\r\n＝＋－＠", r) {
			out.WriteByte('\'')
		}
		begins = strings.ContainsRune(",;|\t\r\n\"", r) || begins && r == ' '
		out.WriteString(s[:n])
		s = s[n:]
	}
	return out.String()
}
