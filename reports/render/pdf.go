package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-pdf/fpdf"

	"countersign/reports"
)

// Measures of the page, in millimetres; letters in points.
const (
	margin                        = 14.0
	titleSize                     = 18.0
	textSize                      = 9.0
	noteSize                      = 7.0
	tileHeight                    = 18.0
	chartPortrait, chartLandscape = 48.0, 34.0
	rowHeight                     = 4.6 // of a row's first line
	lineHeight                    = 3.3 // of each further one
	cellSize                      = 7.5
	noteHeight                    = 3.4
	footHeight                    = 8.0
)

// mostPrinted bounds the rows of a PDF: more are a book that nobody reads, and memory that the service needs.
const mostPrinted = 50_000

// colour is red, green and blue.
type colour struct{ r, g, b int }

var (
	ink   = colour{33, 37, 41}
	grey  = colour{110, 117, 124}
	pale  = colour{233, 236, 239}
	inked = []colour{{33, 102, 172}, {214, 96, 77}, {120, 170, 90}}
)

// page is a PDF in the making, and the place on its current page.
type page struct {
	*fpdf.Fpdf
	r     *reports.Report
	rows  []reports.Row
	width float64 // between the margins
	end   float64 // where the foot begins
	// chartHigh is how high the tallest bar may be.
	chartHigh float64
	lossy     bool // some letters were missing
}

// printPDF writes pages of A4: title, the numbers that matter most and a chart, all rows with all columns, and the
// notes.
func printPDF(w io.Writer, r *reports.Report) error {
	rows, err := r.Collect(mostPrinted + 1)
	if err != nil {
		return err
	}
	if len(rows) > mostPrinted {
		return fmt.Errorf("a PDF takes %d rows, this report has %d: write it as CSV or XLSX, or for a shorter time",
			mostPrinted, r.Of)
	}
	p := page{Fpdf: fpdf.New("P", "mm", "A4", ""), r: r, rows: rows, chartHigh: chartPortrait}
	wide, high := p.GetPageSize()
	need := p.needs()
	if total(need, true) > wide-2*margin {
		p.Fpdf, p.chartHigh = fpdf.New("L", "mm", "A4", ""), chartLandscape
		wide, high = high, wide
	}
	p.width, p.end = wide-2*margin, high-margin-footHeight
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(false, 0)
	p.SetTitle(r.Title+", "+r.Period.Say(r.Language), true)
	p.SetCreator("Countersign", true)
	p.SetCreationDate(r.Made)
	p.SetModificationDate(r.Made)
	p.AliasNbPages("")
	p.SetFooterFunc(p.foot)
	p.AddPage()
	p.heading()
	p.tiles()
	p.chart()
	p.table(p.panels(need))
	p.notes()
	return p.Output(w)
}

// next begins another page, which says of which report it is.
func (p *page) next() {
	p.AddPage()
	p.letters("", noteSize, grey)
	head := p.r.Title + ", " + p.r.Period.Say(p.r.Language) + ", " + scope(p.r)
	p.CellFormat(p.width, noteHeight, p.cut(p.text(head), p.width), "", 1, "L", false, 0, "")
	p.Ln(2)
}

// foot says when the report was made, and which page this is.
func (p *page) foot() {
	p.letters("", noteSize, grey)
	p.SetXY(margin, p.end+footHeight-noteHeight)
	p.CellFormat(p.width/2, noteHeight, p.text("Countersign, "+reports.Shown(p.r.Made)), "", 0, "L", false, 0, "")
	p.CellFormat(p.width/2, noteHeight, p.r.Language.Sprintf("Page %d of %s", p.PageNo(), "{nb}"), "", 0, "R",
		false, 0, "")
}

// text encodes text from people.
func (p *page) text(s string) string {
	encoded, whole := western(s)
	p.lossy = p.lossy || !whole
	return encoded
}

func (p *page) letters(style string, size float64, c colour) {
	p.SetFont("Helvetica", style, size)
	p.SetTextColor(c.r, c.g, c.b)
}

func (p *page) fill(c colour) { p.SetFillColor(c.r, c.g, c.b) }

func (p *page) heading() {
	p.letters("B", titleSize, ink)
	p.CellFormat(p.width, 9, p.text(p.r.Title), "", 1, "L", false, 0, "")
	p.letters("", textSize, grey)
	for _, s := range []string{p.r.Period.Say(p.r.Language) + " (" + p.r.Period.Zone() + ")", scope(p.r)} {
		p.CellFormat(p.width, 4.5, p.cut(p.text(s), p.width), "", 1, "L", false, 0, "")
	}
	p.Ln(3)
}

// cut shortens encoded text to a width in the current font.
func (p *page) cut(s string, width float64) string {
	width -= 2 * p.GetCellMargin()
	if p.GetStringWidth(s) <= width {
		return s
	}
	for len(s) > 0 && p.GetStringWidth(s+"...") > width {
		s = s[:len(s)-1]
	}
	return s + "..."
}

// tiles show the numbers that matter most.
func (p *page) tiles() {
	if len(p.r.Numbers) == 0 {
		return
	}
	const between = 3.0
	wide := (p.width - between*float64(len(p.r.Numbers)-1)) / float64(len(p.r.Numbers))
	top := p.GetY()
	for i, n := range p.r.Numbers {
		left := margin + float64(i)*(wide+between)
		p.fill(pale)
		p.Rect(left, top, wide, tileHeight, "F")
		p.SetXY(left, top+2)
		p.letters("", textSize, grey)
		p.CellFormat(wide, 4, p.cut(p.text(n.Title), wide), "", 2, "C", false, 0, "")
		p.letters("B", 16, ink)
		p.CellFormat(wide, 7, p.text(p.r.ShownValue(n.Value)), "", 2, "C", false, 0, "")
		if n.Share != nil {
			p.letters("", textSize, grey)
			p.CellFormat(wide, 4, p.r.ShownValue(n.Share)+reports.Percent.Unit(), "", 2, "C", false, 0, "")
		}
	}
	p.SetXY(margin, top+tileHeight+4)
}

// notes prints the notes below the table.
func (p *page) notes() {
	notes := slices.Clone(p.r.Notes)
	if int64(len(p.rows)) < p.r.Of {
		notes = append([]string{left(p.r, len(p.rows))}, notes...)
	}
	notes = append(notes, legend(p.r, nil, p.rows)...)
	if p.lossy {
		notes = append(notes, p.r.Language.Text("? stands for letters that this page cannot show; "+
			"the other formats have them."))
	}
	p.Ln(noteHeight)
	for _, n := range notes {
		p.letters("", noteSize, grey)
		for _, line := range p.SplitLines([]byte(p.text(n)), p.width) {
			if p.GetY()+noteHeight > p.end {
				p.next()
			}
			p.letters("", noteSize, grey)
			p.CellFormat(p.width, noteHeight, string(line), "", 1, "L", false, 0, "")
		}
	}
}

// labelOf is the label of a bar.
func labelOf(r *reports.Report, row reports.Row) string {
	var s []string
	c, labels := r.Chart, r.Chart.Labels
	if c.Whole != "" {
		labels = labels[:len(labels)-1]
	}
	for _, i := range labels {
		if d, ok := row[i].(reports.Day); ok {
			s = append(s, d.Utc().Format("01-02"))
			continue
		}
		s = append(s, r.Shown(row, i))
	}
	return strings.Join(s, " ")
}
