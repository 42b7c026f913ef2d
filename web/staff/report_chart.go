package staff

import (
	"math"
	"strconv"
	"strings"

	"countersign/reports"
	"countersign/reports/words"
)

// chart is a report's bars, in the units of an SVG. Beside each is the table with the same numbers.
type chart struct {
	Title         string
	Width, Height float64
	Bars          []bar
	Grid          []gridLine
	Legend        []legend
	// Upright: bars stand side by side, as of days; else they lie below each other.
	Upright bool
}

// bar is one row: the whole, and in it the parts.
type bar struct {
	box
	Label, Value   string
	LabelX, LabelY float64
	// Named: there is room for the label.
	Named bool
	Parts []part
}

type part struct {
	box
	Number int // 1 …: its colour
}

type box struct{ X, Y, W, H float64 }

type gridLine struct {
	X1, Y1, X2, Y2 float64
	Label          string
	TextX, TextY   float64
}

type legend struct {
	Number int // 0: the rest of the whole
	Text   string
}

const (
	chartWidth, uprightHeight = 760.0, 240.0
	leftMargin, lyingMargin   = 48.0, 190.0
	footHeight                = 26.0
	lyingBar, lyingStep       = 16.0, 26.0
	maxLying                  = 40
)

// chartOf draws rows as the report wants it; nil if there is nothing to draw.
func chartOf(made *reports.Report, rows []reports.Row) *chart {
	c := made.Chart
	if c == nil {
		return nil
	}
	var drawn []reports.Row
	most := 0.0
	for _, row := range rows {
		if c.By != "" && row[0] != c.By || !c.Sums(row) {
			continue
		}
		drawn = append(drawn, row)
		most = max(most, wholeOf(c, row))
	}
	if most == 0 {
		return nil
	}
	out := &chart{Title: c.Title, Upright: upright(c.By)}
	if !out.Upright && len(drawn) > maxLying {
		drawn = drawn[:maxLying]
	}
	top := roundUp(most)
	if out.Upright {
		out.stand(made, drawn, top)
	} else {
		out.lie(made, drawn, top)
	}
	for i, p := range c.Parts {
		out.Legend = append(out.Legend, legend{i + 1, made.Columns[p].Title})
	}
	if c.Of >= 0 {
		out.Legend = append(out.Legend, legend{0, made.Language.Sprintf("the rest of %s", made.Columns[c.Of].Title)})
	}
	return out
}

func upright(by string) bool {
	switch by {
	case "hour", "day", "week", "month", "quarter", "weekday":
		return true
	}
	return false
}

// wholeOf is the length of a row's bar.
func wholeOf(c *reports.Chart, row reports.Row) float64 {
	if c.Of >= 0 {
		return reports.Float(row[c.Of])
	}
	sum := 0.0
	for _, p := range c.Parts {
		sum += reports.Float(row[p])
	}
	return sum
}

// roundUp is the end of an axis: 1, 2 or 5 times a power of ten.
func roundUp(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, times := range []float64{1, 2, 5, 10} {
		if v <= times*power {
			return times * power
		}
	}
	return v
}

const gridLines = 4

func (out *chart) stand(made *reports.Report, rows []reports.Row, top float64) {
	out.Width, out.Height = chartWidth, uprightHeight
	bottom, height := uprightHeight-footHeight, uprightHeight-footHeight-10
	step := (chartWidth - leftMargin) / float64(len(rows))
	for i := range gridLines + 1 {
		y := rounded(bottom - height*float64(i)/gridLines)
		value := top * float64(i) / gridLines
		out.Grid = append(out.Grid, gridLine{leftMargin, y, chartWidth, y, axisText(made.Language, value), leftMargin - 6, y + 4})
	}
	named := int(math.Ceil(float64(len(rows)) * 64 / (chartWidth - leftMargin)))
	for i, row := range rows {
		h := height * wholeOf(made.Chart, row) / top
		b := newBar(made, row, box{leftMargin + float64(i)*step + step*.1, bottom - h, step * .8, h})
		b.LabelX, b.LabelY, b.Named = rounded(leftMargin+(float64(i)+.5)*step), uprightHeight-8, i%max(1, named) == 0
		y := bottom
		for n, p := range made.Chart.Parts {
			h := height * reports.Float(row[p]) / top
			y -= h
			b.Parts = append(b.Parts, part{box{b.X, y, b.W, h}.rounded(), n + 1})
		}
		out.Bars = append(out.Bars, b)
	}
}

func (out *chart) lie(made *reports.Report, rows []reports.Row, top float64) {
	out.Width, out.Height = chartWidth, float64(len(rows))*lyingStep+8
	width := chartWidth - lyingMargin - 80
	for i, row := range rows {
		y := float64(i)*lyingStep + 4
		w := width * wholeOf(made.Chart, row) / top
		b := newBar(made, row, box{lyingMargin, y, w, lyingBar})
		b.LabelX, b.LabelY, b.Named = lyingMargin-8, y+12, true
		x := lyingMargin
		for n, p := range made.Chart.Parts {
			w := width * reports.Float(row[p]) / top
			b.Parts = append(b.Parts, part{box{x, y, w, lyingBar}.rounded(), n + 1})
			x += w
		}
		out.Bars = append(out.Bars, b)
	}
}

// newBar has the words of a row.
func newBar(made *reports.Report, row reports.Row, whole box) bar {
	b := bar{box: whole.rounded()}
	var names, values []string
	for _, i := range made.Chart.Labels {
		if made.Chart.Whole != "" && row[i] == made.Chart.Whole {
			continue
		}
		names = append(names, made.Shown(row, i))
	}
	for _, p := range made.Chart.Parts {
		values = append(values, made.Columns[p].Title+" "+made.Shown(row, p))
	}
	if of := made.Chart.Of; of >= 0 {
		values = append(values, made.Columns[of].Title+" "+made.Shown(row, of))
	}
	b.Label, b.Value = strings.Join(names, " · "), strings.Join(values, ", ")
	return b
}

// Right is where a lying bar ends.
func (b bar) Right() float64 { return rounded(max(b.X+b.W, lyingMargin) + 6) }

// Short is a label for a place that is small: a day without its year.
func (b bar) Short() string {
	if len(b.Label) == len("2026-11-21") && strings.Count(b.Label, "-") == 2 {
		return b.Label[5:]
	}
	return b.Label
}

func (b box) rounded() box { return box{rounded(b.X), rounded(b.Y), rounded(b.W), rounded(b.H)} }

func rounded(v float64) float64 { return math.Round(v*10) / 10 }

func axisText(l words.Language, v float64) string {
	return l.Number(strconv.FormatFloat(v, 'f', -1, 64))
}
