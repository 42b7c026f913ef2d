package render

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"

	"countersign/reports"
)

// printCSV writes a line of keys and the rows (RFC 4180). Text is always quoted. Only text can be taken for a formula:
// numbers are never changed.
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

// harmless puts an apostrophe before text that a spreadsheet would take for a formula (OWASP, "CSV Injection"): at the
// start, and after any separator, since Excel separates by semicolon in half of Europe. Full-width signs are formulas
// in Japanese spreadsheets.
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
