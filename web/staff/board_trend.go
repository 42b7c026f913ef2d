package staff

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"countersign/reports"
	"countersign/reports/words"
)

// trendWeeks is with how many weeks before the day is compared.
const trendWeeks = 4

// trendEvery is how old a trend may be: sums change with every call, and a board asks twice a second.
const trendEvery = 30 * time.Second

// trends remembers the last trend of each choice of lines.
type trends struct {
	mu  sync.Mutex
	all map[string]keptTrend
}

type keptTrend struct {
	trend reports.Trend
	until time.Time
}

// trend draws the verified calls of today; nil if there are no reports.
func (p *Pages) trend(ctx context.Context, lines []string, rounded bool, l words.Language) *trendChart {
	if p.Reports == nil {
		return nil
	}
	key := fmt.Sprint(rounded, strings.Join(lines, "\x00"))
	p.trends.mu.Lock()
	kept, ok := p.trends.all[key]
	p.trends.mu.Unlock()
	if now := p.Now(); !ok || now.After(kept.until) {
		got, err := p.Reports.Trend(ctx, reports.TrendQuery{Lines: lines, Zone: time.Local, Weeks: trendWeeks, Rounded: rounded})
		if err != nil {
			if !errors.Is(err, ErrNoReports) {
				p.Log.Error("trend not shown", "err", err)
			}
			return nil
		}
		kept = keptTrend{got, now.Add(trendEvery)}
		p.trends.mu.Lock()
		if p.trends.all == nil || len(p.trends.all) > 100 {
			p.trends.all = map[string]keptTrend{}
		}
		p.trends.all[key] = kept
		p.trends.mu.Unlock()
	}
	return trendOf(kept.trend, l)
}

// trendChart is a trend in the units of an SVG.
type trendChart struct {
	Width, Height float64
	Grid          []gridLine
	// Band is the area between the least and the most of the weeks before, Lines are those of today: each is cut where
	// nothing is known.
	Bands, Lines []string
	Dots         []dot
	Hours        []hourLabel
	Rows         []trendRow
	Counted      time.Time
}

type dot struct {
	X, Y  float64
	Title string
}

type hourLabel struct {
	X, Y float64
	Text string
}

type trendRow struct {
	At                  time.Time
	Calls, Verified     int64
	Percent, Band, Mark string
}

const trendHeight = 200.0

func trendOf(t reports.Trend, l words.Language) *trendChart {
	first := 0
	for first < len(t.Points) && !t.Points[first].Known && t.Points[first].Weeks == 0 {
		first++
	}
	points := t.Points[first:]
	out := &trendChart{Width: chartWidth, Height: trendHeight, Counted: t.Counted}
	if len(points) == 0 {
		return out
	}
	bottom, height := trendHeight-footHeight, trendHeight-footHeight-10
	step := (chartWidth - leftMargin) / float64(max(len(points), 8))
	x := func(i int) float64 { return rounded(leftMargin + (float64(i)+.5)*step) }
	y := func(percent float64) float64 { return rounded(bottom - height*percent/100) }
	for _, percent := range []float64{0, 25, 50, 75, 100} {
		out.Grid = append(out.Grid, gridLine{
			leftMargin, y(percent), chartWidth, y(percent), axisText(l, percent) + " %", leftMargin - 6, y(percent) + 4,
		})
	}
	var upper, lower, line []string
	endBand := func() {
		if len(upper) > 1 {
			for i := len(lower) - 1; i >= 0; i-- {
				upper = append(upper, lower[i])
			}
			out.Bands = append(out.Bands, strings.Join(upper, " "))
		}
		upper, lower = nil, nil
	}
	endLine := func() {
		if len(line) > 1 {
			out.Lines = append(out.Lines, strings.Join(line, " "))
		}
		line = nil
	}
	labels := max(1, len(points)/10)
	for i, p := range points {
		if i%labels == 0 {
			out.Hours = append(out.Hours, hourLabel{x(i), trendHeight - 8, p.At.Format("15:04")})
		}
		if p.Weeks > 0 {
			upper, lower = append(upper, point(x(i), y(p.High))), append(lower, point(x(i), y(p.Low)))
		} else {
			endBand()
		}
		if p.Known {
			line = append(line, point(x(i), y(p.Percent)))
			out.Dots = append(out.Dots, dot{x(i), y(p.Percent), p.At.Format("15:04") + ": " + percentText(l, p.Percent)})
		} else {
			endLine()
		}
		out.Rows = append(out.Rows, rowOf(p, l))
	}
	endBand()
	endLine()
	return out
}

// rowOf is a quarter hour of the table.
func rowOf(p reports.TrendPoint, l words.Language) trendRow {
	row := trendRow{At: p.At, Calls: p.Calls, Verified: p.Verified, Percent: "–", Band: "–"}
	if p.Known {
		row.Percent = percentText(l, p.Percent)
	}
	if p.Weeks > 0 {
		row.Band = percentText(l, p.Low) + " – " + percentText(l, p.High)
	}
	if p.Known && p.Weeks > 0 {
		switch {
		case p.Percent < p.Low:
			row.Mark = "below"
		case p.Percent > p.High:
			row.Mark = "above"
		}
	}
	return row
}

func point(x, y float64) string {
	return strconv.FormatFloat(x, 'f', -1, 64) + "," + strconv.FormatFloat(y, 'f', -1, 64)
}

func percentText(l words.Language, v float64) string {
	return l.Number(strconv.FormatFloat(v, 'f', 1, 64)) + " %"
}
