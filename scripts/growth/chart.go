package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// chart is a picture of curves. Both axes go by decades, so a straight line that rises as the grid does is growth in
// proportion, and a flat one is none. It is read in light and dark, and looks as those of scripts/bench do.
type chart struct {
	title, what, unit string
	curves            []curve
	beyond            float64
}

type curve struct {
	name string
	x, y []float64
}

const (
	width, height            = 760, 420
	left, right, top, bottom = 64.0, 250.0, 52.0, 372.0
	style                    = `<style>
text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:15px}.small{fill:#59636e}
.paper{fill:#fff}.grid{stroke:#d1d9e0}path{fill:none;stroke-width:2}.beyond{stroke-dasharray:3 4}
.c0{stroke:#0969da}.c1{stroke:#1a7f37}.c2{stroke:#bc4c00}.c3{stroke:#8250df}.c4{stroke:#cf222e}.c5{stroke:#0a7ea4}.c6{stroke:#9a6700}.c7{stroke:#bf3989}.c8{stroke:#59636e}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.small{fill:#9198a1}.paper{fill:#0d1117}.grid{stroke:#3d444d}
.c0{stroke:#4493f8}.c1{stroke:#3fb950}.c2{stroke:#db6d28}.c3{stroke:#ab7df8}.c4{stroke:#ff7b72}.c5{stroke:#39c5cf}.c6{stroke:#d29922}.c7{stroke:#db61a2}.c8{stroke:#9198a1}}
</style>`
	colours = 9
)

func (c chart) svg() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img" `+
		`aria-label="%[3]s">`+"\n%[4]s\n"+`<rect class="paper" width="100%%" height="100%%"/>`+"\n"+
		`<text class="title" x="12" y="22">%[3]s</text>`+"\n", width, height, html.EscapeString(c.title), style)
	x, y := c.axes()
	for v := x.from; v <= x.to*1.01; v *= 10 {
		at := x.at(v)
		fmt.Fprintf(&b, `<path class="grid" style="stroke-width:1" d="M%.1f %.1fV%.1f"/><text class="small" x="%.1f" y="%.1f" `+
			`text-anchor="middle">%s</text>`+"\n", at, top, bottom, at, bottom+16, short(v))
	}
	for v := y.from; v <= y.to*1.01; v *= 10 {
		at := y.at(v)
		fmt.Fprintf(&b, `<path class="grid" style="stroke-width:1" d="M%.1f %.1fH%.1f"/><text class="small" x="%.1f" y="%.1f" `+
			`text-anchor="end">%s</text>`+"\n", left, at, width-right, left-6, at+4, short(v))
	}
	fmt.Fprintf(&b, `<text class="small" x="%.1f" y="%.1f" text-anchor="end">%s</text><text class="small" x="%.1f" y="%.1f">%s</text>`+"\n",
		width-right, bottom+34, html.EscapeString(c.what), 12.0, top-8, html.EscapeString(c.unit))
	for i, v := range c.curves {
		var path strings.Builder
		for j := range v.x {
			word := "L"
			if j == 0 {
				word = "M"
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", word, x.at(v.x[j]), y.at(v.y[j]))
		}
		colour := fmt.Sprintf("c%d", i%colours)
		fmt.Fprintf(&b, `<path class="%s" d="%s"><title>%s</title></path>`+"\n", colour, &path, html.EscapeString(v.name))
		if last := len(v.x) - 1; c.beyond > 0 {
			fmt.Fprintf(&b, `<path class="beyond %s" d="M%.1f %.1fL%.1f %.1f"/>`+"\n", colour, x.at(v.x[last]), y.at(v.y[last]),
				x.at(c.beyond), y.at(v.y[last]*c.beyond/v.x[last]))
		}
		line := top + 10 + 20*float64(i)
		fmt.Fprintf(&b, `<path class="%s" d="M%.1f %.1fh22"/><text x="%.1f" y="%.1f">%s</text>`+"\n", colour, width-right+16, line,
			width-right+44, line+4, html.EscapeString(v.name))
	}
	if c.beyond > 0 {
		line := top + 10 + 20*float64(len(c.curves))
		fmt.Fprintf(&b, `<text class="small" x="%.1f" y="%.1f">dotted: not measured, in proportion</text>`+"\n", width-right+16, line+4)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// axis goes by decades.
type axis struct{ from, to, begin, end float64 }

func (a axis) at(v float64) float64 {
	return a.begin + (a.end-a.begin)*math.Log10(max(v, a.from)/a.from)/math.Log10(a.to/a.from)
}

func (c chart) axes() (x, y axis) {
	x, y = axis{from: math.Inf(1), begin: left, end: width - right}, axis{from: math.Inf(1), begin: bottom, end: top}
	for _, v := range c.curves {
		for i := range v.x {
			x.from, x.to = min(x.from, v.x[i]), max(x.to, v.x[i], c.beyond)
			if v.y[i] > 0 {
				y.from = min(y.from, v.y[i])
			}
			y.to = max(y.to, v.y[i], v.y[i]*c.beyond/v.x[i])
		}
	}
	for _, a := range []*axis{&x, &y} {
		a.from, a.to = math.Pow(10, math.Floor(math.Log10(a.from))), math.Pow(10, math.Ceil(math.Log10(a.to)))
		if a.to <= a.from {
			a.to = 10 * a.from
		}
	}
	return x, y
}

// short writes a number for people: 10 million, 0.05.
func short(v float64) string {
	switch {
	case v >= 999_999.5:
		return fmt.Sprintf("%.3g million", v/1e6)
	case v >= 1000:
		return fmt.Sprintf("%d,%03d", int(math.Round(v))/1000, int(math.Round(v))%1000)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2g", v)
}
