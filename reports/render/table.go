package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/rivo/uniseg"

	"countersign/reports"
)

// Terminal is where a table is shown.
type Terminal struct {
	// Width is the number of columns of letters; 0 allows lines of any length.
	Width int
	// UTF8 says whether it shows more than ASCII.
	UTF8 bool
}

const (
	// mostShown bounds the memory of a table for people; see Format.Whole.
	mostShown = 10_000
	// Bounds of the width that the table leaves to bars.
	shortestBar, longestBar = 10, 40
	// narrowestText is the least width of a text column before columns are left out.
	narrowestText = 10
	gap           = 2
)

// grid is the layout of a table: its columns, their widths, and the bars beside them.
type grid struct {
	t       Terminal
	r       *reports.Report
	rows    []reports.Row
	cells   [][]string // formatted, for all columns
	columns []int      // shown
	width   []int      // of all columns
	bar     int        // width of the bars, or 0
}

func printTable(w io.Writer, r *reports.Report, t Terminal) error {
	rows, err := r.Collect(mostShown)
	if err != nil {
		return err
	}
	g := grid{t: t, r: r, rows: rows}
	g.measure()
	g.fit()
	out := bufio.NewWriter(w)
	g.write(out)
	return out.Flush()
}

func (g *grid) measure() {
	g.width = make([]int, len(g.r.Columns))
	for i, c := range g.r.Columns {
		g.columns = append(g.columns, i)
		g.width[i] = uniseg.StringWidth(c.Title)
	}
	for _, row := range g.rows {
		cells := make([]string, len(row))
		for i := range row {
			cells[i] = g.t.show(g.r.Shown(row, i))
			g.width[i] = max(g.width[i], uniseg.StringWidth(cells[i]))
		}
		g.cells = append(g.cells, cells)
	}
}

// fit makes the table no wider than the terminal.
func (g *grid) fit() {
	if g.r.Chart != nil && len(g.rows) > 0 {
		g.bar = longestBar
	}
	if g.t.Width == 0 {
		return
	}
	room := func() int { return g.t.Width - g.total() }
	if g.bar > 0 {
		g.bar = 0
		defer func() {
			if left := room() - gap; left >= shortestBar {
				g.bar = min(left, longestBar)
			}
		}()
		if g.leaveOut(func() bool { return room() >= gap+shortestBar }, true) {
			return
		}
	} else if g.leaveOut(func() bool { return room() >= 0 }, true) {
		return
	}
	for room() < 0 && g.cutText(false) {
		continue
	}
	if g.leaveOut(func() bool { return room() >= 0 }, false) {
		return
	}
	for room() < 0 && g.cutText(true) {
		continue
	}
}

func (g *grid) total() (n int) {
	for _, i := range g.columns {
		n += g.width[i] + gap
	}
	return n - gap
}

// leaveOut hides columns from the right until the rest fits or none can go.
func (g *grid) leaveOut(enough func() bool, minor bool) bool {
	for at := len(g.columns) - 1; at > 0 && !enough(); at-- {
		if c := g.r.Columns[g.columns[at]]; !c.Names && (c.Minor || !minor) {
			g.columns = append(g.columns[:at:at], g.columns[at+1:]...)
		}
	}
	return enough()
}

// cutText makes the widest text column narrower by one. ids are cut only if nothing else can be.
func (g *grid) cutText(ids bool) bool {
	widest := -1
	for _, i := range g.columns {
		c := g.r.Columns[i]
		if textual(c) && c.ID == ids && (c.Kind == reports.Text || ids) && g.width[i] > narrowestText &&
			(widest < 0 || g.width[i] > g.width[widest]) {
			widest = i
		}
	}
	if widest >= 0 {
		g.width[widest]--
	}
	return widest >= 0
}

func (g *grid) write(out *bufio.Writer) {
	r := g.r
	for _, head := range []string{r.Title, r.Period.Say(r.Language) + ", " + r.Period.Zone() + ", " + scope(r)} {
		g.wrap(out, head)
	}
	_ = out.WriteByte('\n')
	titles := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		titles[i] = c.Title
	}
	if len(g.rows) > 0 {
		g.line(out, titles, "")
	}
	for n, cells := range g.cells {
		if n > 0 && g.rows[n][0] != g.rows[n-1][0] && r.Chart != nil {
			_ = out.WriteByte('\n')
		}
		g.line(out, cells, g.drawn(n))
	}
	notes := append([]string{}, r.Notes...)
	if int64(len(g.rows)) < r.Of {
		notes = append([]string{left(r, len(g.rows))}, notes...)
	}
	if len(g.rows) > 0 {
		notes = append(notes, legend(r, g.columns, g.rows)...)
	}
	if hidden := g.hidden(); len(hidden) > 0 {
		notes = append(notes, r.Language.Sprintf("Left out because the terminal is too narrow: %s.",
			strings.Join(hidden, ", ")))
	}
	if g.bar > 0 {
		notes = append([]string{g.legend()}, notes...)
	}
	if len(g.rows) > 0 && len(notes) > 0 {
		_ = out.WriteByte('\n')
	}
	for _, note := range notes {
		g.wrap(out, note)
	}
}

// legend explains the columns and the words of rows.
func legend(r *reports.Report, columns []int, rows []reports.Row) []string {
	l := r.NewLegend(columns)
	for _, row := range rows {
		l.See(row)
	}
	return l.Notes()
}

func (g *grid) hidden() (titles []string) {
	at := 0
	for i, c := range g.r.Columns {
		if at < len(g.columns) && g.columns[at] == i {
			at++
			continue
		}
		titles = append(titles, c.Title)
	}
	return titles
}

func (g *grid) line(out *bufio.Writer, cells []string, bar string) {
	var s strings.Builder
	for n, i := range g.columns {
		if n > 0 {
			s.WriteString(strings.Repeat(" ", gap))
		}
		cell := g.t.cut(cells[i], g.width[i])
		if g.r.Columns[i].ID {
			cell = g.t.cutStart(cells[i], g.width[i])
		}
		space := strings.Repeat(" ", g.width[i]-uniseg.StringWidth(cell))
		if k := g.r.Columns[i].Kind; k == reports.Text || k == reports.Time {
			s.WriteString(cell + space)
		} else {
			s.WriteString(space + cell)
		}
	}
	if bar != "" {
		s.WriteString(strings.Repeat(" ", gap) + bar)
	}
	fmt.Fprintln(out, strings.TrimRight(s.String(), " "))
}

// wrap breaks text between words at the width of the terminal.
func (g *grid) wrap(out *bufio.Writer, text string) {
	column := 0
	for _, word := range strings.Fields(g.t.show(text)) {
		wide := uniseg.StringWidth(word)
		switch {
		case column == 0:
		case g.t.Width > 0 && column+1+wide > g.t.Width:
			_ = out.WriteByte('\n')
			column = 0
		default:
			_ = out.WriteByte(' ')
			column++
		}
		_, _ = out.WriteString(word)
		column += wide
	}
	_ = out.WriteByte('\n')
}
