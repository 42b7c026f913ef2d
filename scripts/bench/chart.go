package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// chart is a picture of bars, in groups, that is read in light and dark.
type chart struct {
	title, unit string
	groups      []group
	// decades draws values by their order of magnitude: for those that differ by more than a hundred times.
	decades bool
	// goal is a line that bars should not reach; 0: none.
	goal float64
}

type group struct {
	name string
	bars []bar
}

// bar has a whisker where least and most differ.
type bar struct {
	series             string
	value, least, most float64
}

const (
	chartWidth, barHeight, groupGap = 760, 17, 14
	chartLeft, chartRight, chartTop = 230, 90, 64
)

// style is for both: what looks at the picture says which.
const style = `<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:15px}
.small{font-size:12px;fill:#59636e}.paper{fill:#fff}.axis{stroke:#59636e}.grid{stroke:#d1d9e0}.goal{stroke:#cf222e;stroke-dasharray:5 3}
.whisker{stroke:#1f2328}
.s0{fill:#0969da}.s1{fill:#1a7f37}.s2{fill:#bc4c00}.s3{fill:#8250df}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.small{fill:#9198a1}.paper{fill:#0d1117}.axis{stroke:#9198a1}
.grid{stroke:#3d444d}.goal{stroke:#ff7b72}.whisker{stroke:#f0f6fc}
.s0{fill:#4493f8}.s1{fill:#3fb950}.s2{fill:#db6d28}.s3{fill:#ab7df8}}
</style>`

// svg draws it.
func (c chart) svg() string {
	var b strings.Builder
	series := c.series()
	rows := 0
	for _, g := range c.groups {
		rows += len(g.bars)
	}
	bottom := chartTop + rows*barHeight + len(c.groups)*groupGap
	height := bottom + 40
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" `+
		`role="img" aria-label="%[3]s">`+"\n%[4]s\n"+`<rect class="paper" width="100%%" height="100%%"/>`+"\n", chartWidth,
		height, html.EscapeString(c.title), style)
	fmt.Fprintf(&b, `<text class="title" x="12" y="22">%s</text>`+"\n", html.EscapeString(c.title))
	x := 12
	if len(series) > 1 {
		for i, name := range series {
			fmt.Fprintf(&b, `<rect class="s%d" x="%d" y="34" width="11" height="11"/><text x="%d" y="44">%s</text>`+"\n", i%4,
				x, x+16, html.EscapeString(name))
			x += 36 + 8*len(name)
		}
	}
	scale := c.scale()
	for _, t := range c.ticks() {
		upright(&b, "grid", scale(t), bottom)
		fmt.Fprintf(&b, `<text class="small" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", scale(t), bottom+17,
			short(t))
	}
	fmt.Fprintf(&b, `<text class="small" x="%d" y="%d" text-anchor="end">%s</text>`+"\n", chartWidth-12, bottom+34,
		html.EscapeString(c.unit))
	y := chartTop
	for _, g := range c.groups {
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", chartLeft-10,
			float64(y)+float64(len(g.bars)*barHeight)/2+4, html.EscapeString(g.name))
		for _, bar := range g.bars {
			c.drawBar(&b, bar, y, slices.Index(series, bar.series)%4, scale)
			y += barHeight
		}
		y += groupGap
	}
	upright(&b, "axis", chartLeft, bottom)
	if c.goal > 0 {
		upright(&b, "goal", scale(c.goal), bottom)
		fmt.Fprintf(&b, `<text class="small" x="%.1f" y="%d" text-anchor="middle">goal: %s</text>`+"\n", scale(c.goal),
			chartTop-10, short(c.goal))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func upright(b *strings.Builder, class string, x float64, bottom int) {
	fmt.Fprintf(b, `<line class="%s" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`+"\n", class, x, x, chartTop-6, bottom)
}

func (c chart) drawBar(b *strings.Builder, r bar, y, color int, scale func(float64) float64) {
	end := scale(r.value)
	fmt.Fprintf(b, `<rect class="s%d" x="%d" y="%d" width="%.1f" height="%d"><title>%s</title></rect>`+"\n", color,
		chartLeft, y+2, max(end-chartLeft, 1), barHeight-4, html.EscapeString(r.series))
	if r.least < r.most {
		middle := y + barHeight/2
		fmt.Fprintf(b, `<line class="whisker" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`+"\n", scale(r.least), scale(r.most),
			middle, middle)
		end = max(end, scale(r.most))
	}
	fmt.Fprintf(b, `<text class="small" x="%.1f" y="%d">%s</text>`+"\n", end+6, y+barHeight-4, short(r.value))
}

func (c chart) series() (names []string) {
	for _, g := range c.groups {
		for _, b := range g.bars {
			if !slices.Contains(names, b.series) {
				names = append(names, b.series)
			}
		}
	}
	return names
}

func (c chart) most() float64 {
	most := c.goal
	for _, g := range c.groups {
		for _, b := range g.bars {
			most = max(most, b.value, b.most)
		}
	}
	return most
}

// leastDecade is where the axis of a chart by decades begins.
const leastDecade = 0.1

func (c chart) scale() func(float64) float64 {
	width, most := float64(chartWidth-chartLeft-chartRight), c.most()
	if c.decades {
		all := math.Log10(max(most, 10*leastDecade) / leastDecade)
		return func(v float64) float64 { return chartLeft + width*math.Log10(max(v, leastDecade)/leastDecade)/all }
	}
	return func(v float64) float64 { return chartLeft + width*v/max(most, 1e-9) }
}

func (c chart) ticks() (at []float64) {
	most := c.most()
	if c.decades {
		for v := leastDecade; v <= most; v *= 10 {
			at = append(at, v)
		}
		return at
	}
	step := math.Pow(10, math.Floor(math.Log10(max(most, 1e-9))))
	for _, part := range []float64{5, 2} {
		if most/step < 4 {
			step /= 10 / part
			break
		}
	}
	for v := 0.0; v <= most; v += step {
		at = append(at, v)
	}
	return at
}

// short is a number of about three digits.
func short(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}
