package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// some are results of every part.
func some() Results {
	cost := &Part{}
	for round, ms := range [][2]float64{{4, 1}, {2, 1}, {8, 1}} {
		cost.Runs = append(cost.Runs, Run{Server: "eslgo", Round: round + 1, AtOnce: 50, Calls: 1000, ServerMS: ms[0]},
			Run{Server: "product", Round: round + 1, AtOnce: 50, Calls: 1000, ServerMS: ms[1], Allocations: 1234})
	}
	quick, slow := Quantiles{N: 10, P50: 40, P95: 60}, Quantiles{N: 10, P50: 50, P95: 81}
	return Results{
		"cost": cost,
		"burst": {Runs: []Run{{Server: "product", AtOnce: 5000, Calls: 10_000, Verified: 9_999, Unverified: 1,
			Faults: map[string]int{"unverified, <busy>": 1}, Reaction: Quantiles{N: 1, P99: 12.5}, Late: Quantiles{P99: 10}}}},
		"waiting": {Waiting: []Waiting{{Server: "product", Calls: 5000, Resident: 31.6}}},
		"profile": {Profile: []Share{{"product", "NATS & others", 40}}},
		"freeswitch": {Ways: []Way{
			{FreeSWITCH: "1.11.2", Name: "countersign", Calls: 10, FirstSound: slow, NextPrompt: quick, Confirmed: quick,
				Rates: []Rate{{20, 2000, 1}, {40, 400, 4}}},
			{FreeSWITCH: "1.11.2", Name: "mod_lua", Calls: 10, FirstSound: quick, NextPrompt: quick, Confirmed: quick},
		}},
	}
}

func TestRatiosAreOfTheSameRound(t *testing.T) {
	got, rounds := some()["cost"].ratioOf("product", "eslgo", 50, serverMS)
	if want := (ratio{0.25, 0.125, 0.5}); got != want || rounds != 3 {
		t.Errorf("%+v of %d rounds, want %+v of 3", got, rounds, want)
	}
}

func TestGoalsAreJudged(t *testing.T) {
	want := map[string]bool{
		"processor time of the whole product, of eslgo's bare wire, 50 at once, quiet": true,
		"5,000 call at the same moment: right callers turned away":                     false,
		"the same: reaction, p99":                                                          true,
		"memory of a waiting call, 5,000 at once":                                          true,
		"FreeSWITCH 1.11.2: INVITE → first sound, p95, slower than mod_lua by":             false,
		"FreeSWITCH 1.11.2: account's last key → next prompt, p95, slower than mod_lua by": true,
		"FreeSWITCH 1.11.2: PIN's last key → confirmation, p95, slower than mod_lua by":    true,
	}
	goals := some().goals()
	for _, g := range goals {
		if met, ok := want[g.what]; !ok || met != g.met {
			t.Errorf("%s: %s, met: %v", g.what, g.measured, g.met)
		}
	}
	if len(goals) != len(want) {
		t.Errorf("%d goals, want %d", len(goals), len(want))
	}
}

func TestWhatAPersonWroteStaysOnThePage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "benchmarks.md")
	text := "# Ours\n<!-- bench:burst -->\nold\n<!-- /bench -->\nbetween\n<!-- bench:waiting -->\n<!-- /bench -->\nbehind\n"
	write(t, page, text)
	if err := some().writePage(page); err == nil || !strings.Contains(err.Error(), `"burst"`) {
		t.Fatalf("a marker that nobody knows: %v", err)
	}
	write(t, page, strings.ReplaceAll(text, "bench:burst", "bench:goals"))
	folder := strings.TrimSuffix(page, ".md")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and again
		if err := some().writePage(page); err != nil {
			t.Fatal(err)
		}
	}
	got := read(page)
	for _, part := range []string{"# Ours\n<!-- bench:goals -->\n| goal |", "<!-- /bench -->\nbetween\n",
		"| 5,000 | 0 | product | 31.6 |", "<!-- /bench -->\nbehind\n"} {
		if strings.Count(got, part) != 1 {
			t.Errorf("%q is not there once in:\n%s", part, got)
		}
	}
	if strings.Contains(got, "old") {
		t.Error("the old table is still there")
	}
	for _, name := range []string{"cost", "reaction", "waiting", "profile", "freeswitch"} {
		wellFormed(t, read(filepath.Join(folder, name+".svg")))
	}
}

func TestTheHighestRateIsTheOneBeforeTheFirstThatFailed(t *testing.T) {
	w := some()["freeswitch"].Ways[0]
	if most, failed := w.most(); most != 20 || !failed {
		t.Errorf("%v, failed: %v", most, failed)
	}
	if got, want := w.rateText(), "20; at 40: 4 of 400 failed"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	if len(svg) < 500 {
		t.Fatalf("%d bytes are no picture", len(svg))
	}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
