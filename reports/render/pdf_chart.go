package render

import (
	"math"
	"strconv"

	"countersign/reports"
)

// mostBars is how many bars there is room for; the rows below have all.
const (
	mostBars  = 400
	axisWidth = 12.0
	labelSize = 6.5
	// Angle of labels of several words, and their room along and across.
	turned     = 30.0
	turnedRoom = 28.0
	turnedHigh = 18.0
)

// chart draws a bar for each row of its section: parts from the bottom, the rest of the whole above.
func (p *page) chart() {
	c := p.r.Chart
	if c == nil {
		return
	}
	var bars []reports.Row
	most := 0.0
	for _, row := range p.rows {
		if (c.By == "" || row[0] == c.By) && c.Sums(row) {
			bars = append(bars, row)
		}
	}
	title := c.Title
	if len(bars) > mostBars {
		title += p.r.Language.Sprintf(", the last %d of %d", mostBars, len(bars))
		bars = bars[len(bars)-mostBars:]
	}
	for _, row := range bars {
		most = max(most, wholeOf(c, row))
	}
	if most == 0 {
		return
	}
	p.letters("B", textSize, ink)
	p.CellFormat(p.width*0.6, 5, p.cut(p.text(title), p.width*0.6), "", 0, "L", false, 0, "")
	p.legend()
	p.Ln(7)
	top, left := p.GetY(), margin+axisWidth
	ceiling := p.axis(top, most)
	step := (p.width - axisWidth) / float64(len(bars))
	bar := min(step*0.7, 16)
	words := c.By == ""
	every := int(math.Ceil(9 / step))
	if words { // turned, and complete
		every = int(math.Ceil(2.5 / step))
	}
	p.letters("", labelSize, grey)
	for i, row := range bars {
		middle := left + (float64(i)+0.5)*step
		height := func(v float64) float64 { return v / ceiling * p.chartHigh }
		if c.Of >= 0 {
			p.fill(pale)
			whole := height(wholeOf(c, row))
			p.Rect(middle-bar/2, top+p.chartHigh-whole, bar, whole, "F")
		}
		sum := 0.0
		for n, part := range c.Parts {
			v := reports.Float(row[part])
			p.fill(inked[n%len(inked)])
			p.Rect(middle-bar/2, top+p.chartHigh-height(sum+v), bar, height(v), "F")
			sum += v
		}
		switch {
		case i%every != 0:
		case words:
			y := top + p.chartHigh + 1.5
			p.TransformBegin()
			p.TransformRotate(turned, middle, y)
			p.SetXY(middle-turnedRoom, y-1.5)
			p.CellFormat(turnedRoom, 3.5, p.cut(p.text(labelOf(p.r, row)), turnedRoom), "", 0, "R", false, 0, "")
			p.TransformEnd()
		default:
			room := step * float64(every)
			p.SetXY(middle-room/2, top+p.chartHigh+0.5)
			p.CellFormat(room, 3.5, p.cut(p.text(labelOf(p.r, row)), room), "", 0, "C", false, 0, "")
		}
	}
	p.SetXY(margin, top+p.chartHigh+7)
	if words {
		p.SetXY(margin, top+p.chartHigh+turnedHigh)
	}
}

// axis draws lines at round numbers, and returns the number at the top.
func (p *page) axis(top, most float64) (ceiling float64) {
	step := roundStep(most / 4)
	ceiling = math.Ceil(most/step) * step
	p.letters("", labelSize, grey)
	p.SetDrawColor(pale.r, pale.g, pale.b)
	for v := 0.0; v <= ceiling+step/2; v += step {
		y := top + p.chartHigh - v/ceiling*p.chartHigh
		p.Line(margin+axisWidth, y, margin+p.width, y)
		p.SetXY(margin, y-1.8)
		p.CellFormat(axisWidth-1, 3.5, strconv.FormatFloat(v, 'f', -1, 64), "", 0, "R", false, 0, "")
	}
	return ceiling
}

// roundStep is the next of 1, 2, 5, 10, 20, … that is no smaller.
func roundStep(v float64) float64 {
	if v <= 1 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= v {
			return f * power
		}
	}
	return 10 * power
}

// legend explains the colours, on the right.
func (p *page) legend() {
	c := p.r.Chart
	type entry struct {
		title string
		c     colour
	}
	var entries []entry
	for n, part := range c.Parts {
		entries = append(entries, entry{p.text(p.r.Columns[part].Title), inked[n%len(inked)]})
	}
	if c.Of >= 0 {
		entries = append(entries, entry{p.text(p.r.Language.Sprintf("the rest of %s", p.r.Columns[c.Of].Title)), pale})
	}
	p.letters("", textSize, grey)
	x, y := margin+p.width, p.GetY()
	for i := len(entries) - 1; i >= 0; i-- {
		wide := p.GetStringWidth(entries[i].title) + 2*p.GetCellMargin()
		x -= wide
		p.SetXY(x, y)
		p.CellFormat(wide, 5, entries[i].title, "", 0, "L", false, 0, "")
		x -= 3
		p.fill(entries[i].c)
		p.Rect(x, y+1.2, 2.6, 2.6, "F")
		x -= 3
	}
	p.SetXY(margin, y)
}
