package render

import (
	"strings"

	"countersign/reports"
)

const (
	// widestText is the width that a column of text gets without need; longer texts wrap.
	widestText = 50.0
	// longestWord is how wide a word may be that is not broken.
	longestWord = 62.0
	// mostNames is the part of the width that the columns that name a row may take where a table is continued.
	mostNames = 0.6
)

// need is the width of a column: all of its text in one line, and the least, with text wrapped between words.
type need struct{ full, least float64 }

// panel is columns that fit beside each other.
type panel struct {
	columns []int
	wide    []float64
}

// piece is a row, or the part of one that fits on a page, as lines for each column.
type piece struct {
	row   reports.Row
	cells [][]string
	lines int
}

// needs measures the columns, in the bold letters of titles and totals.
func (p *page) needs() []need {
	p.letters("B", cellSize, ink)
	around := 2 * p.GetCellMargin()
	all := make([]need, len(p.r.Columns))
	for i, c := range p.r.Columns {
		n := need{full: p.GetStringWidth(p.text(c.Title))}
		n.least = p.longest(c.Title)
		for _, row := range p.rows {
			s := p.r.Shown(row, i)
			n.full = max(n.full, p.GetStringWidth(p.text(s)))
			if textual(c) {
				n.least = max(n.least, p.longest(s))
			} else {
				n.least = max(n.least, p.GetStringWidth(p.text(s)))
			}
		}
		if c.Kind == reports.Text {
			n.full = max(min(n.full, widestText), n.least)
		}
		all[i] = need{n.full + around, n.least + around}
	}
	return all
}

// textual says whether a column's values may wrap.
func textual(c reports.Column) bool { return c.Kind == reports.Text || c.Kind == reports.Time }

// longest is the width of the longest word, or of what is left of it on a line.
func (p *page) longest(s string) (wide float64) {
	for _, word := range strings.Fields(s) {
		wide = max(wide, p.GetStringWidth(p.text(word)))
	}
	return min(wide, longestWord)
}

func total(all []need, full bool) (sum float64) {
	for _, n := range all {
		if full {
			sum += n.full
		} else {
			sum += n.least
		}
	}
	return sum
}

// panels shares the width among the columns. If they do not fit, the table is continued on further pages, on which the
// columns that name a row come again.
func (p *page) panels(all []need) []panel {
	var names, rest []int
	for i, c := range p.r.Columns {
		if c.Names {
			names = append(names, i)
		} else {
			rest = append(rest, i)
		}
	}
	if total(all, false) <= p.width {
		return []panel{p.shared(all, nil)}
	}
	narrower := min(1, p.width*mostNames/total(pick(all, names), false))
	for _, i := range names { // as wide in each panel; if necessary they wrap within words
		all[i].least *= narrower
		all[i].full = all[i].least
	}
	var out []panel
	columns := names
	for _, i := range rest {
		all[i].least = min(all[i].least, p.width*(1-mostNames))
		if len(columns) > len(names) && total(pick(all, append(columns[:len(columns):len(columns)], i)), false) > p.width {
			out = append(out, p.shared(all, columns))
			columns = names
		}
		columns = append(columns[:len(columns):len(columns)], i)
	}
	return append(out, p.shared(all, columns))
}

func pick(all []need, columns []int) (some []need) {
	for _, i := range columns {
		some = append(some, all[i])
	}
	return some
}

// shared shares the width among columns (nil: all): the least that each needs, and of the rest as much as they want.
func (p *page) shared(all []need, columns []int) panel {
	if columns == nil {
		for i := range all {
			columns = append(columns, i)
		}
	}
	some := pick(all, columns)
	least, full := total(some, false), total(some, true)
	out := panel{columns: columns}
	for _, n := range some {
		switch {
		case full <= p.width:
			out.wide = append(out.wide, n.full*p.width/full)
		default:
			out.wide = append(out.wide, n.least+(max(n.full, n.least)-n.least)*(p.width-least)/(full-least))
		}
	}
	return out
}

// table prints all rows: those that fit on a page with the columns of each panel, page by page, then the next rows.
func (p *page) table(panels []panel) {
	if len(p.rows) == 0 {
		return
	}
	titles := make([]string, len(p.r.Columns))
	for i, c := range p.r.Columns {
		titles[i] = c.Title
	}
	p.letters("B", cellSize, ink)
	head := p.wrap(panels, titles, nil)
	headHigh := height(head.lines) + 0.7
	room := p.end - margin - noteHeight - 2 - headHigh // of an empty page
	all := p.pieces(panels, room)
	if p.GetY()+headHigh+height(all[0].lines) > p.end {
		p.next()
	}
	for from := 0; from < len(all); {
		to, left := from, p.end-p.GetY()-headHigh
		for to < len(all) && (to == from || height(all[to].lines) <= left) {
			left -= height(all[to].lines)
			to++
		}
		for n, one := range panels {
			if n > 0 {
				p.next()
			}
			p.header(one, head)
			p.print(one, all[from:to])
		}
		if from = to; from < len(all) {
			p.next()
		}
	}
}

func height(lines int) float64 { return rowHeight + float64(lines-1)*lineHeight }

// pieces wraps the rows. A row that is higher than a page goes on on the next.
func (p *page) pieces(panels []panel, room float64) (all []piece) {
	most := max(1, int((room-rowHeight)/lineHeight)+1)
	for _, row := range p.rows {
		texts := make([]string, len(row))
		for i := range row {
			texts[i] = p.r.Shown(row, i)
		}
		for one := p.wrap(panels, texts, row); one.lines > 0; {
			part := piece{row: row, cells: make([][]string, len(one.cells)), lines: min(one.lines, most)}
			for i, lines := range one.cells {
				n := min(len(lines), most)
				part.cells[i], one.cells[i] = lines[:n], lines[n:]
			}
			one.lines -= part.lines
			all = append(all, part)
		}
	}
	return all
}

// wrap breaks texts at the widths of their columns. All panels get the same height.
func (p *page) wrap(panels []panel, texts []string, row reports.Row) piece {
	p.letters("B", cellSize, ink)
	out := piece{row: row, cells: make([][]string, len(texts)), lines: 1}
	for _, one := range panels {
		for n, i := range one.columns {
			if out.cells[i] != nil {
				continue
			}
			// a little more than the text takes, so that what was measured does not wrap for a rounding
			for _, line := range p.SplitLines([]byte(p.text(texts[i])), one.wide[n]+0.05) {
				out.cells[i] = append(out.cells[i], strings.TrimSpace(string(line)))
			}
			out.lines = max(out.lines, len(out.cells[i]))
		}
	}
	return out
}

func (p *page) header(one panel, head piece) {
	p.letters("B", cellSize, ink)
	p.print1(one, head)
	p.SetDrawColor(ink.r, ink.g, ink.b)
	p.Line(margin, p.GetY(), margin+p.width, p.GetY())
	p.Ln(0.7)
}

// print prints rows, with a line between sections and totals in bold.
func (p *page) print(one panel, rows []piece) {
	for n, piece := range rows {
		if n > 0 && p.r.Chart != nil && piece.row[0] != rows[n-1].row[0] {
			p.SetDrawColor(pale.r, pale.g, pale.b)
			p.Line(margin, p.GetY(), margin+p.width, p.GetY())
		}
		style := ""
		if piece.row[0] == "total" {
			style = "B"
		}
		p.letters(style, cellSize, ink)
		p.print1(one, piece)
	}
}

func (p *page) print1(one panel, row piece) {
	top, x := p.GetY(), margin
	for n, i := range one.columns {
		align := "R"
		if textual(p.r.Columns[i]) {
			align = "L"
		}
		y := top
		for k, line := range row.cells[i] {
			high := lineHeight
			if k == 0 {
				high = rowHeight
			}
			p.SetXY(x, y)
			p.CellFormat(one.wide[n], high, line, "", 0, align, false, 0, "")
			y += high
		}
		x += one.wide[n]
	}
	p.SetXY(margin, top+height(row.lines))
}
