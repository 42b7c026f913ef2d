package render

import (
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
	rowHeight                     = 4.6 // or less if that lets all rows fit, down to tightHeight
	tightHeight                   = 3.3
	cellSize                      = 7.5
	noteHeight                    = 3.4
	portraitFits                  = 12 // columns; with more, the page is landscape
)

// colour is red, green and blue.
type colour struct{ r, g, b int }

var (
	ink   = colour{33, 37, 41}
	grey  = colour{110, 117, 124}
	pale  = colour{233, 236, 239}
	inked = []colour{{33, 102, 172}, {214, 96, 77}, {120, 170, 90}}
)

// page is the one page of a PDF.
type page struct {
	*fpdf.Fpdf
	r     *reports.Report
	rows  []reports.Row
	width float64 // between the margins
	end   float64 // where the notes begin
	// chartHigh is how high the tallest bar may be.
	chartHigh float64
	lossy     bool // some letters were missing
}

// printPDF writes one page of A4: title, the numbers that matter most, a chart, and as many rows as fit.
func printPDF(w io.Writer, r *reports.Report) error {
	rows, err := r.Collect(mostShown)
	if err != nil {
		return err
	}
	orientation, chartHigh := "P", chartPortrait
	if len(r.Columns)-minorColumns(r) > portraitFits || r.Chart == nil {
		orientation, chartHigh = "L", chartLandscape
	}
	p := page{Fpdf: fpdf.New(orientation, "mm", "A4", ""), r: r, rows: rows, chartHigh: chartHigh}
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(false, 0)
	p.SetTitle(r.Title+", "+r.Period.String(), true)
	p.SetCreator("Countersign", true)
	p.SetCreationDate(r.Made)
	p.SetModificationDate(r.Made)
	p.AddPage()
	wide, high := p.GetPageSize()
	p.width = wide - 2*margin
	p.end = high - margin
	p.heading()
	p.tiles()
	p.chart()
	p.notes(p.table)
	return p.Output(w)
}

func minorColumns(r *reports.Report) (n int) {
	for _, c := range r.Columns {
		if c.Minor {
			n++
		}
	}
	return n
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
	for _, s := range []string{p.r.Period.String() + " (" + p.r.Period.Zone() + ")", scope(p.r)} {
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
		p.CellFormat(wide, 7, p.text(reports.Shown(n.Value)), "", 2, "C", false, 0, "")
		if n.Share != nil {
			p.letters("", textSize, grey)
			p.CellFormat(wide, 4, reports.Shown(n.Share)+reports.Percent.Unit(), "", 2, "C", false, 0, "")
		}
	}
	p.SetXY(margin, top+tileHeight+4)
}

// notes prints the notes at the bottom, and gives the room above to the table.
func (p *page) notes(table func() (shown int, hidden []string)) {
	p.letters("", noteSize, grey)
	height := func(notes []string) (h float64) {
		for _, n := range notes {
			h += noteHeight * float64(len(p.SplitLines([]byte(n), p.width)))
		}
		return h
	}
	var notes []string
	for _, n := range p.r.Notes {
		notes = append(notes, p.text(n))
	}
	footer := p.text("Countersign, " + reports.Shown(p.r.Made))
	const spare = 4 // lines that may be added below
	p.end -= height(append(slices.Clone(notes), footer)) + spare*noteHeight
	fitting, hidden := table()
	if int64(fitting) < p.r.Of {
		notes = append([]string{left(fitting, p.r.Of)}, notes...)
	}
	if len(hidden) > 0 {
		notes = append(notes, p.text("Columns left out for lack of room: "+strings.Join(hidden, ", ")+"."))
	}
	if p.lossy {
		notes = append(notes, "? stands for letters that this page cannot show; the other formats have them.")
	}
	p.letters("", noteSize, grey)
	p.SetXY(margin, p.end+noteHeight)
	for _, n := range append(notes, footer) {
		for _, line := range p.SplitLines([]byte(n), p.width) {
			p.CellFormat(p.width, noteHeight, string(line), "", 1, "L", false, 0, "")
		}
	}
}

// table prints the rows that fit above p.end. It returns how many, and the hidden columns.
func (p *page) table() (shownRows int, hidden []string) {
	columns, wide, hidden := p.columns()
	if c := p.r.Chart; c != nil && p.GetY()+tightHeight*float64(len(p.rows)+1) > p.end {
		p.rows = slices.DeleteFunc(p.rows, func(row reports.Row) bool { return !c.Sums(row) })
	}
	high := max(tightHeight, min(rowHeight, (p.end-p.GetY())/float64(len(p.rows)+1)))
	line := func(cells func(i int) string) {
		p.SetX(margin)
		for n, i := range columns {
			align := "R"
			if k := p.r.Columns[i].Kind; k == reports.Text || k == reports.Time {
				align = "L"
			}
			p.CellFormat(wide[n], high, p.cut(cells(i), wide[n]), "", 0, align, false, 0, "")
		}
		p.Ln(high)
	}
	if len(p.rows) == 0 || p.GetY()+2*high > p.end {
		return 0, hidden
	}
	p.letters("B", cellSize, ink)
	line(func(i int) string { return p.text(p.r.Columns[i].Title) })
	p.SetDrawColor(ink.r, ink.g, ink.b)
	p.Line(margin, p.GetY(), margin+p.width, p.GetY())
	p.Ln(0.7)
	for n, row := range p.rows {
		if p.GetY()+high > p.end+0.01 {
			return n, hidden
		}
		if n > 0 && p.r.Chart != nil && row[0] != p.rows[n-1][0] {
			p.SetDrawColor(pale.r, pale.g, pale.b)
			p.Line(margin, p.GetY(), margin+p.width, p.GetY())
		}
		style := ""
		if row[0] == "total" {
			style = "B"
		}
		p.letters(style, cellSize, ink)
		line(func(i int) string { return p.text(reports.Shown(row[i])) })
	}
	return len(p.rows), hidden
}

// columns shares the width among the columns as needed, and leaves out minor ones, from the right, until the rest fits.
func (p *page) columns() (columns []int, wide []float64, hidden []string) {
	need := make([]float64, len(p.r.Columns))
	p.letters("B", cellSize, ink)
	for i, c := range p.r.Columns {
		columns = append(columns, i)
		need[i] = p.GetStringWidth(p.text(c.Title))
		for _, row := range p.rows[:min(len(p.rows), 100)] {
			need[i] = max(need[i], p.GetStringWidth(p.text(reports.Shown(row[i]))))
		}
		need[i] = min(need[i], 50) + 2*p.GetCellMargin()
	}
	sum := func() (n float64) {
		for _, i := range columns {
			n += need[i]
		}
		return n
	}
	for at := len(columns) - 1; at >= 0 && sum() > p.width; at-- {
		if p.r.Columns[columns[at]].Minor {
			hidden = append([]string{p.r.Columns[columns[at]].Title}, hidden...)
			columns = append(columns[:at:at], columns[at+1:]...)
		}
	}
	total := sum()
	for _, i := range columns {
		if total > p.width && p.r.Columns[i].Kind == reports.Text { // only text may be cut
			need[i] = max(need[i]*0.6, need[i]-(total-p.width))
			total = sum()
		}
	}
	for _, i := range columns {
		wide = append(wide, need[i]*p.width/sum())
	}
	return columns, wide, hidden
}

// labelOf is the label of a bar.
func labelOf(c *reports.Chart, row reports.Row) string {
	var s []string
	labels := c.Labels
	if c.Whole != "" {
		labels = labels[:len(labels)-1]
	}
	for _, i := range labels {
		if d, ok := row[i].(reports.Day); ok {
			s = append(s, d.Utc().Format("Jan 2"))
			continue
		}
		s = append(s, reports.Shown(row[i]))
	}
	return strings.Join(s, " ")
}
