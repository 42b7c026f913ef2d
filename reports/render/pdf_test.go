package render

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports"
	"countersign/reports/reportstest"
)

// wideReport has rows in which every word is unique, so that none can be missed.
func wideReport(t *testing.T, rows, columns, words int) *reports.Report {
	t.Helper()
	r := &reports.Report{
		Name: "calls", Title: "Calls", Period: period(t, "2026-10-24", "2026-10-26", time.UTC), Made: reportstest.Later,
		Of: int64(rows), Columns: []reports.Column{{Key: "call", Title: "Call", Kind: reports.Text, Names: true}},
		Notes: []string{"The last note is below the last row."},
	}
	for c := range columns {
		r.Columns = append(r.Columns, reports.Column{
			Key: fmt.Sprintf("c%d", c), Title: fmt.Sprintf("Title%02d", c), Kind: reports.Text,
		})
	}
	var all []reports.Row
	for n := range rows {
		row := reports.Row{fmt.Sprintf("01a20110-5f06-75e2-b5aa-%012d", n)}
		for c := range columns {
			var text []string
			for w := range words {
				text = append(text, fmt.Sprintf("r%dc%dw%d.", n, c, w))
			}
			row = append(row, strings.Join(text, " "))
		}
		all = append(all, row)
	}
	r.Rows = reports.Rows(all)
	return r
}

func TestPDFLosesNoRowAndNoColumn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                            string
		rows, columns, words, fewestPgs int
	}{
		{"one row", 1, 3, 1, 1},
		{"more rows than a page", 60, 3, 1, 2},
		{"five hundred rows", 500, 5, 1, 8},
		{"five hundred rows of long texts", 500, 4, 12, 20},
		{"more columns than a page is wide", 30, 24, 2, 2},
		{"more of both", 200, 24, 2, 8},
		{"a row that is higher than a page", 2, 2, 600, 4},
		{"no rows", 0, 3, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := wideReport(t, c.rows, c.columns, c.words)
			rows, err := r.Collect(c.rows)
			require.NoError(t, err)
			r.Rows = reports.Rows(rows)
			var out bytes.Buffer
			require.NoError(t, Print(&out, r, PDF, Terminal{}))
			text := textOfPDF(t, out.Bytes())
			found := map[string]bool{}
			for word := range strings.FieldsSeq(text) {
				found[word] = true
			}
			missing := 0
			for _, row := range rows {
				for _, cell := range row {
					for word := range strings.FieldsSeq(cell.(string)) {
						if !found[word] {
							missing++
						}
					}
				}
			}
			assert.Zero(t, missing, "words that are on no page")
			assert.Contains(t, strings.Join(strings.Fields(text), " "), "The last note is below the last row.")
			pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
			assert.GreaterOrEqual(t, len(pages), c.fewestPgs)
			for n, page := range pages {
				assert.True(t, strings.Contains(page, fmt.Sprintf("Page %d of %d\n", n+1, len(pages))), "page %d", n+1)
				if strings.Contains(page, "c0w") {
					assert.True(t, strings.Contains(page, "Title00"), "the header is repeated on page %d", n+1)
				}
				if c.rows > 0 && strings.Contains(page, "w0.") && c.words < 100 {
					assert.True(t, strings.Contains(page, "01a20110-5f06"), "each page says which rows these are: page %d", n+1)
				}
			}
		})
	}
}

func TestATableNeverLeavesOutTheCallsID(t *testing.T) {
	t.Parallel()
	r := wideReport(t, 3, 12, 2)
	rows, err := r.Collect(3)
	require.NoError(t, err)
	r.Columns[0].ID = true
	for _, width := range []int{20, 40, 60, 80, 100, 132, 200, 0} {
		r.Rows = reports.Rows(rows)
		var out bytes.Buffer
		require.NoError(t, Print(&out, r, Table, Terminal{Width: width, UTF8: true}))
		end := "000000000002"
		if width == 0 || width >= 40 {
			end = "01a20110-5f06-75e2-b5aa-" + end
		}
		assert.Contains(t, out.String(), end, "at a width of %d", width)
	}
}
