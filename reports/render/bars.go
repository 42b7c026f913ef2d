package render

import (
	"math"
	"strings"

	"countersign/reports"
)

// Fillings of a bar: its parts, and the rest of the whole.
var (
	fillings      = []string{"█", "▓", "▒"}
	asciiFillings = []string{"#", "=", "+"}
)

const (
	track      = "░"
	asciiTrack = "."
)

func (t Terminal) filling(part int) string {
	if t.UTF8 {
		return fillings[part%len(fillings)]
	}
	return asciiFillings[part%len(asciiFillings)]
}

func (t Terminal) track() string {
	if t.UTF8 {
		return track
	}
	return asciiTrack
}

// wholeOf is the length of a row's bar, in the unit of its parts.
func wholeOf(c *reports.Chart, row reports.Row) float64 {
	if c.Of >= 0 && row[c.Of] != nil {
		return reports.Float(row[c.Of])
	}
	sum := 0.0
	for _, p := range c.Parts {
		sum += reports.Float(row[p])
	}
	return sum
}

// drawn is the bar beside a row, in proportion to the rows with the same first value. The total has none.
func (g *grid) drawn(n int) string {
	if g.bar == 0 || g.rows[n][0] == "total" {
		return ""
	}
	c, row, most := g.r.Chart, g.rows[n], 0.0
	for at := n; at >= 0 && g.rows[at][0] == row[0]; at-- {
		most = max(most, wholeOf(c, g.rows[at]))
	}
	for at := n; at < len(g.rows) && g.rows[at][0] == row[0]; at++ {
		most = max(most, wholeOf(c, g.rows[at]))
	}
	if most == 0 {
		return ""
	}
	cells := func(v float64) int { return int(math.Round(v * float64(g.bar) / most)) }
	var s strings.Builder
	sum, done := 0.0, 0
	for i, p := range c.Parts {
		sum += reports.Float(row[p])
		s.WriteString(strings.Repeat(g.t.filling(i), max(0, cells(sum)-done)))
		done = max(done, cells(sum))
	}
	s.WriteString(strings.Repeat(g.t.track(), max(0, cells(wholeOf(c, row))-done)))
	return s.String()
}

func (g *grid) legend() string {
	var s []string
	for i, p := range g.r.Chart.Parts {
		s = append(s, g.t.filling(i)+" "+g.r.Columns[p].Title)
	}
	if g.r.Chart.Of >= 0 {
		s = append(s, g.t.track()+" "+g.r.Language.Sprintf("the rest of %s", g.r.Columns[g.r.Chart.Of].Title))
	}
	return strings.Join(s, ", ")
}
