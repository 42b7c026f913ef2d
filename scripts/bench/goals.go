package main

import "fmt"

// Goals, as ratios of the processor time of eslgo's bare wire, milliseconds, KB and calls a second.
const (
	goalProduct, goalWire     = 1. / 4, 1. / 12
	goalSteadyMS, goalBurstMS = 2, 500
	goalWaitingKB             = 32
	goalPerSecond             = 1000
	goalSlowerMS              = 20 // than mod_lua: a frame
)

// goal is a row: what should be, what was measured, and whether that will do.
type goal struct {
	what, wanted, measured string
	met                    bool
}

func (g goal) verdict() string {
	if g.met {
		return "met"
	}
	return "**missed**"
}

// goals are those whose part was measured.
func (r Results) goals() (rows []goal) {
	for _, name := range []string{"cost", "cost-busy"} {
		p := r[name]
		if p == nil {
			continue
		}
		where := "quiet"
		if p.Busy {
			where = "busy"
		}
		for _, of := range []struct {
			server, what, wanted string
			most                 float64
		}{{"product", "processor time of the whole product, of eslgo's bare wire", "≤ 1/4", goalProduct},
			{"wire", "processor time of our wire alone, of eslgo's", "≤ 1/12", goalWire}} {
			if q, rounds := p.ratioOf(of.server, "eslgo", 50, serverMS); rounds > 0 {
				rows = append(rows, goal{fmt.Sprintf("%s, 50 at once, %s", of.what, where), of.wanted,
					fmt.Sprintf("%s, pairs: %d", q, rounds), q.median <= of.most})
			}
		}
	}
	if run := r.last("steady", 500); run != nil {
		rows = append(rows, goal{"reaction with 500 calls at once, p99", fmt.Sprintf("≤ %d ms", goalSteadyMS),
			fmt.Sprintf("%s ms", short(run.Reaction.P99)) + run.ofCallers(), run.Reaction.P99 <= goalSteadyMS})
	}
	if run := r.last("burst", 5000); run != nil {
		away := run.Calls - run.Verified
		rows = append(rows,
			goal{"5,000 call at the same moment: right callers turned away", "0",
				fmt.Sprintf("%s of %s", thousands(away), thousands(run.Calls)), away == 0},
			goal{"the same: reaction, p99", fmt.Sprintf("≤ %d ms", goalBurstMS),
				fmt.Sprintf("%s ms", short(run.Reaction.P99)) + run.ofCallers(), run.Reaction.P99 <= goalBurstMS})
	}
	if p := r["cost"]; p != nil {
		if runs := p.of("product", 5000); len(runs) > 0 {
			most := medianOf(runs, func(r Run) float64 { return r.PerSecond })
			text := fmt.Sprintf("%.0f", most)
			if runs[0].pacedByCallers() {
				text += ", limited by the callers"
			}
			rows = append(rows, goal{"calls/s with 5,000 at once, callers take no time", "≥ 1,000", text, most >= goalPerSecond})
		}
	}
	if p := r["waiting"]; p != nil {
		for _, w := range p.Waiting {
			if w.Server == "product" && w.Calls == 5000 {
				rows = append(rows, goal{"memory of a waiting call, 5,000 at once", fmt.Sprintf("≤ %d KB", goalWaitingKB),
					fmt.Sprintf("%.0f KB", w.Resident), w.Resident <= goalWaitingKB})
			}
		}
	}
	if p := r["freeswitch"]; p != nil {
		rows = append(rows, besideLua(p.Ways)...)
	}
	return rows
}

// besideLua compares what callers wait for with what they wait for a script inside the same FreeSWITCH.
func besideLua(ways []Way) (rows []goal) {
	for _, ours := range ways {
		for _, lua := range ways {
			if ours.Name != "countersign" || lua.Name != "mod_lua" || ours.FreeSWITCH != lua.FreeSWITCH {
				continue
			}
			for _, q := range []struct {
				what         string
				ours, theirs Quantiles
			}{
				{"INVITE → first sound", ours.FirstSound, lua.FirstSound},
				{"account's last key → next prompt", ours.NextPrompt, lua.NextPrompt},
				{"PIN's last key → confirmation", ours.Confirmed, lua.Confirmed},
			} {
				rows = append(rows, goal{fmt.Sprintf("FreeSWITCH %s: %s, p95, slower than mod_lua by", ours.FreeSWITCH, q.what),
					fmt.Sprintf("≤ %d ms", goalSlowerMS), fmt.Sprintf("%+.1f ms (%s, mod_lua %s)", q.ours.P95-q.theirs.P95,
						short(q.ours.P95), short(q.theirs.P95)), q.ours.P95-q.theirs.P95 <= goalSlowerMS})
			}
		}
	}
	return rows
}

// last is the product's run of a part, nil if there is none.
func (r Results) last(part string, atOnce int) *Run {
	if p := r[part]; p != nil {
		if runs := p.of("product", atOnce); len(runs) > 0 {
			return &runs[len(runs)-1]
		}
	}
	return nil
}

// ofCallers says how late the callers were themselves.
func (r *Run) ofCallers() string {
	return fmt.Sprintf("; the callers themselves were late by %s ms", short(r.Late.P99))
}
