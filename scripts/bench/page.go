package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// The page belongs to whoever writes it, but for what is between these markers.
var marked = regexp.MustCompile(`(?s)(<!-- bench:([a-z]+) -->\n).*?(<!-- /bench -->)`)

// writePage writes tables between the markers of a page, and the plots into the folder beside it.
func (r Results) writePage(page string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	tables := map[string]func() string{
		"goals": r.goalsTable, "machines": r.machinesTable, "cost": r.costTable, "reaction": r.reactionTable,
		"waiting": r.waitingTable, "profile": r.profileTable, "freeswitch": r.freeswitchTable,
	}
	written := marked.ReplaceAllFunc(text, func(part []byte) []byte {
		m := marked.FindSubmatch(part)
		table := tables[string(m[2])]
		if table == nil {
			err = fmt.Errorf("%s has a marker %q, which is none of ours", page, m[2])
			return part
		}
		return slices.Concat(m[1], []byte(table()), m[3])
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(page, written, 0o644); err != nil {
		return err
	}
	return r.plots(strings.TrimSuffix(page, ".md"))
}

// table is Markdown.
type table struct{ strings.Builder }

func tableOf(columns ...string) *table {
	t := &table{}
	t.row(columns...)
	t.row(slices.Repeat([]string{"---"}, len(columns))...)
	return t
}

func (t *table) row(cells ...string) { fmt.Fprintf(t, "| %s |\n", strings.Join(cells, " | ")) }

func (r Results) goalsTable() string {
	t := tableOf("goal", "wanted", "measured", "")
	for _, g := range r.goals() {
		t.row(g.what, g.wanted, g.measured, g.verdict())
	}
	return t.String()
}

func (r Results) machinesTable() string {
	t := tableOf("part", "measured", "commit", "processor", "cores", "memory", "Linux", "Go", "load average before")
	for _, name := range partNames(r) {
		m := r[name].Machine
		t.row(name, m.Measured.Format("2006-01-02 15:04"), m.Commit, m.Processor, fmt.Sprint(m.Cores),
			fmt.Sprintf("%d GB", m.MemoryGB), m.Kernel, m.Go, fmt.Sprintf("%.1f", m.Load))
	}
	return t.String()
}

// partNames are the names of parts that were measured, in their usual order.
func partNames(r Results) (names []string) {
	for _, p := range parts {
		if r[p.name] != nil {
			names = append(names, p.name)
		}
	}
	return names
}

func (r Results) costTable() string {
	t := tableOf("at once", "server", "CPU a call", "of eslgo's", "allocations", "allocated", "bytes in", "bytes out",
		"calls/s", "callers' CPU a call", "load")
	for _, name := range []string{"cost", "cost-busy"} {
		p := r[name]
		if p == nil {
			continue
		}
		for _, n := range p.atOnce() {
			for _, s := range p.servers() {
				t.row(p.costRow(s, n)...)
			}
		}
	}
	return t.String()
}

func (p *Part) costRow(server string, atOnce int) []string {
	runs := p.of(server, atOnce)
	of := func(what func(Run) float64) float64 { return medianOf(runs, what) }
	where, quotient, paced := thousands(atOnce), "1", ""
	if of(func(r Run) float64 { return r.GeneratorMS }) > of(serverMS) {
		paced = "¹"
	}
	if p.Busy {
		where += ", busy"
	}
	if server != "eslgo" {
		quotient = "–"
		if q, rounds := p.ratioOf(server, "eslgo", atOnce, serverMS); rounds > 0 {
			quotient = fmt.Sprintf("%s, pairs: %d", q, rounds)
		}
	}
	allocations, allocated := "–", "–"
	if a := of(func(r Run) float64 { return r.Allocations }); a > 0 {
		allocations = thousands(int(a))
		allocated = fmt.Sprintf("%.0f KB", of(func(r Run) float64 { return r.Allocated })/1024)
	}
	return []string{where, server, fmt.Sprintf("%.2f ms", of(serverMS)), quotient, allocations, allocated,
		thousands(int(of(func(r Run) float64 { return r.ToServer }))),
		thousands(int(of(func(r Run) float64 { return r.FromServer }))),
		fmt.Sprintf("%.0f", of(func(r Run) float64 { return r.PerSecond })) + paced,
		fmt.Sprintf("%.2f ms", of(func(r Run) float64 { return r.GeneratorMS })),
		fmt.Sprintf("%.1f", of(func(r Run) float64 { return r.Load }))}
}

func (r Results) reactionTable() string {
	t := tableOf("load", "at once", "server", "calls", "verified", "turned away", "unfinished", "calls/s", "reaction p50",
		"p95", "p99", "most", "callers late p99")
	ms := func(v float64) string { return short(v) + " ms" }
	for _, name := range []string{"steady", "burst"} {
		if r[name] == nil {
			continue
		}
		for _, run := range r[name].Runs {
			late := ""
			if run.lateCallers() {
				late = "²"
			}
			t.row(name, thousands(run.AtOnce), run.Server, thousands(run.Calls), thousands(run.Verified),
				thousands(run.Identified+run.Unverified)+why(run.Faults), thousands(run.Unfinished),
				fmt.Sprintf("%.0f", run.PerSecond), ms(run.Reaction.P50), ms(run.Reaction.P95),
				ms(run.Reaction.P99)+late, ms(run.Reaction.Max), ms(run.Late.P99))
		}
	}
	return t.String()
}

// why lists the reasons of calls that were not verified.
func why(faults map[string]int) string {
	if len(faults) == 0 {
		return ""
	}
	var all []string
	for reason, n := range faults {
		all = append(all, fmt.Sprintf("%s: %s", reason, thousands(n)))
	}
	slices.Sort(all)
	return " (" + strings.Join(all, "; ") + ")"
}

func (r Results) waitingTable() string {
	t := tableOf("waiting calls", "lost", "server", "KB of the process, each", "of it heap", "stacks", "goroutines, each")
	if p := r["waiting"]; p != nil {
		for _, w := range p.Waiting {
			t.row(thousands(w.Calls), fmt.Sprint(w.Lost), w.Server, fmt.Sprintf("%.1f", w.Resident), fmt.Sprintf("%.1f", w.Heap),
				fmt.Sprintf("%.1f", w.Stack), fmt.Sprintf("%.1f", w.Goroutines))
		}
	}
	return t.String()
}

func (r Results) freeswitchTable() string {
	t := tableOf("FreeSWITCH", "answered by", "calls", "failed", "INVITE → first sound p50", "p95",
		"account's last key → next prompt p50", "p95", "PIN's last key → confirmation p50", "p95",
		"calls/s with < 0.1 % failed")
	if p := r["freeswitch"]; p != nil {
		for _, w := range p.Ways {
			cells := []string{w.FreeSWITCH, w.Name, fmt.Sprint(w.Calls), fmt.Sprint(w.Failed)}
			for _, q := range []Quantiles{w.FirstSound, w.NextPrompt, w.Confirmed} {
				cells = append(cells, short(q.P50)+" ms", short(q.P95)+" ms")
			}
			t.row(append(cells, w.rateText())...)
		}
	}
	return t.String()
}

func (w Way) rateText() string {
	most, failed := w.most()
	text := short(most)
	if !failed {
		return "≥ " + text + ", more was not tried"
	}
	for _, r := range w.Rates {
		if r.PerSecond > most {
			text += fmt.Sprintf("; at %s: %d of %s failed", short(r.PerSecond), r.Failed, thousands(r.Calls))
		}
	}
	return text
}

func (r Results) profileTable() string {
	t := tableOf("server", "on behalf of", "processor time")
	if p := r["profile"]; p != nil {
		for _, s := range p.Profile {
			t.row(s.Server, s.Of, fmt.Sprintf("%.1f %%", s.Percent))
		}
	}
	return t.String()
}
