package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// plots writes a picture of each part that was measured into a folder.
func (r Results) plots(folder string) error {
	for name, c := range map[string]chart{
		"cost": r.costChart(), "reaction": r.reactionChart(), "waiting": r.waitingChart(), "profile": r.profileChart(),
		"freeswitch": r.freeswitchChart(),
	} {
		if len(c.groups) == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, name+".svg"), []byte(c.svg()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (r Results) costChart() chart {
	c := chart{title: "Processor time of a call", unit: "ms, median of the rounds, with the least and the most"}
	for _, name := range []string{"cost", "cost-busy"} {
		p := r[name]
		if p == nil {
			continue
		}
		for _, n := range p.atOnce() {
			g := group{name: fmt.Sprintf("%s at once", thousands(n))}
			if p.Busy {
				g.name += ", busy"
			}
			for _, s := range p.servers() {
				runs := p.of(s, n)
				b := bar{series: s, value: medianOf(runs, serverMS), least: runs[0].ServerMS, most: runs[0].ServerMS}
				for _, run := range runs {
					b.least, b.most = min(b.least, run.ServerMS), max(b.most, run.ServerMS)
				}
				g.bars = append(g.bars, b)
			}
			c.groups = append(c.groups, g)
		}
	}
	return c
}

func (r Results) reactionChart() chart {
	c := chart{title: "Reaction to an entry, 99th percentile", unit: "ms, each line ten times the one before",
		decades: true}
	for _, name := range []string{"steady", "burst"} {
		p := r[name]
		if p == nil {
			continue
		}
		for _, n := range p.atOnce() {
			g := group{name: fmt.Sprintf("%s, %s at once", name, thousands(n))}
			for _, s := range p.servers() {
				g.bars = append(g.bars, bar{series: s, value: medianOf(p.of(s, n), func(r Run) float64 { return r.Reaction.P99 })})
			}
			c.groups = append(c.groups, g)
		}
	}
	return c
}

func (r Results) waitingChart() chart {
	p := r["waiting"]
	if p == nil {
		return chart{}
	}
	c := chart{title: "Memory of a waiting call", unit: "KB of the process, divided by the calls", goal: goalWaitingKB}
	for _, w := range p.Waiting {
		name := thousands(w.Calls) + " at once"
		i := 0
		for ; i < len(c.groups) && c.groups[i].name != name; i++ {
		}
		if i == len(c.groups) {
			c.groups = append(c.groups, group{name: name})
		}
		c.groups[i].bars = append(c.groups[i].bars, bar{series: w.Server, value: max(w.Resident, 0)})
	}
	return c
}

func (r Results) freeswitchChart() chart {
	p := r["freeswitch"]
	if p == nil {
		return chart{}
	}
	c := chart{title: "On a real FreeSWITCH: how long callers wait", unit: "ms: p50, and p95 as the end of the line"}
	for _, about := range []struct {
		what string
		of   func(Way) Quantiles
	}{
		{"first sound", func(w Way) Quantiles { return w.FirstSound }},
		{"next prompt", func(w Way) Quantiles { return w.NextPrompt }},
		{"confirmation", func(w Way) Quantiles { return w.Confirmed }},
	} {
		for _, w := range p.Ways {
			name := about.what + ", " + w.FreeSWITCH
			if len(c.groups) == 0 || c.groups[len(c.groups)-1].name != name {
				c.groups = append(c.groups, group{name: name})
			}
			g, q := &c.groups[len(c.groups)-1], about.of(w)
			g.bars = append(g.bars, bar{series: w.Name, value: q.P50, least: q.P50, most: q.P95})
		}
	}
	return c
}

func (r Results) profileChart() chart {
	p := r["profile"]
	if p == nil {
		return chart{}
	}
	c := chart{title: "Where the product's processor time goes", unit: "%"}
	for _, s := range p.Profile {
		if s.Server == "product" {
			c.groups = append(c.groups, group{s.Of, []bar{{series: "product", value: s.Percent}}})
		}
	}
	return c
}

// thousands writes 5000 as 5,000.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
