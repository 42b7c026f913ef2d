package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// part is one thing that grows.
type part struct {
	// what is its name on an axis.
	what  string
	sizes []int
	// commands of a size print the numbers, which read finds.
	commands func(size int) [][]string
	read     func(size int, printed []byte) (Point, error)
	// columns are what the table and the pictures show.
	columns []column
	// beyond is the size to which curves are continued, each in proportion to its last point; 0: they are not.
	beyond float64
}

type column struct {
	name string
	// chart is the picture that has it; empty: the table alone.
	chart string
	unit  string
}

// Point is what was measured at a size. Values are by column.
type Point struct {
	Size   float64            `json:"size"`
	At     time.Time          `json:"at"`
	Values map[string]float64 `json:"values"`
}

func partNames() []string { return slices.Sorted(maps.Keys(parts)) }

var parts = map[string]part{
	"calls": {
		what: "calls at once", sizes: []int{50, 100, 200, 500, 1000, 2000, 5000}, commands: calls, read: readCalls,
		columns: []column{
			{"CPU of a call", "calls", "ms"}, {"reaction p50", "calls", "ms"}, {"reaction p99", "calls", "ms"},
			{"callers late p99", "calls", "ms"}, {"memory of the service", "calls-memory", "MB"}, {"calls", "", ""}, {"verified", "", ""},
		},
	},
	"customers": {
		what: "customers", sizes: []int{1000, 10_000, 100_000, 1_000_000, 10_000_000},
		commands: benchmark("./store/customers", "BenchmarkAmongMany", "customers"), read: readBenchmark,
		columns: columnsOf("customers", "ms", "by telephone", "by account", "by keys", "check a PIN", "first page of the list",
			"import of 100 changed rows", "search for a name", "count", "without argon2id"),
	},
	"lines": {
		what: "lines", sizes: []int{1, 10, 100, 1000},
		commands: benchmark("./lines/live", "BenchmarkManyLines", "lines"), read: readBenchmark,
		columns: columnsOf("lines", "ms", "pick by a number", "pick by a number as dialled here", "pick by a beginning",
			"pick the line for all others", "reload", "apply one", "plan one", "start from the copy"),
	},
	"reports": {
		what: "calls in reports", sizes: []int{10_000, 100_000, 1_000_000, 3_000_000}, beyond: 1e8,
		commands: func(size int) [][]string {
			return append(benchmark("./reports/reportsdb", "BenchmarkReports", "reports.calls")(size),
				benchmark("./reports", "BenchmarkReports", "reports.calls")(size)...)
		},
		read: readBenchmark,
		columns: columnsOf("reports", "ms", "journey of a call", "calls of a customer", "summary of a day", "summary of a month",
			"summary of a year", "verified of a year", "funnel of a year", "identified by ani, of the year"),
	},
}

func columnsOf(chart, unit string, names ...string) (all []column) {
	for _, n := range names {
		all = append(all, column{n, chart, unit})
	}
	return all
}

// benchmark runs a benchmark of the repository with a flag.
func benchmark(pkg, name, flag string) func(int) [][]string {
	return func(size int) [][]string {
		times := "20x"
		if size >= 1_000_000 {
			times = "3x"
		}
		return [][]string{{"go", "test", "-run", "^$", "-bench", "^" + name + "$", "-benchtime", times, "-timeout", "2h", pkg, "-" + flag,
			strconv.Itoa(size)}}
	}
}

var measured = regexp.MustCompile(`(?m)^Benchmark\w+/(\S+?)(?:-\d+)?\s+\d+\s+([\d.e+]+) ns/op(?:.*?\s([\d.e+]+) ns/each)?`)

// readBenchmark reads milliseconds.
func readBenchmark(size int, printed []byte) (Point, error) {
	p := Point{Size: float64(size), Values: map[string]float64{}}
	for _, m := range measured.FindAllStringSubmatch(string(printed), -1) {
		text := m[2]
		if m[3] != "" {
			text = m[3]
		}
		ns, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return p, err
		}
		p.Values[strings.ReplaceAll(m[1], "_", " ")] = ns / 1e6
	}
	if len(p.Values) == 0 {
		return p, fmt.Errorf("nothing was measured:\n%s", printed)
	}
	return p, nil
}

// Calls come at the same rate; they last longer, so that more are there at once.
const (
	callsASecond = 40
	callLasts    = 10.0 // seconds, at a person's pace
)

func calls(size int) [][]string {
	rate, speed := strconv.Itoa(callsASecond), strconv.FormatFloat(callLasts*callsASecond/float64(size), 'f', 3, 64)
	return [][]string{{"sh", "-c", `set -e; d=$(mktemp -d); trap 'rm -rf $d' EXIT; go build -o $d/countersign ./cmd/countersign
printf 'customers: {hash: hmac}\nsocket: {max_calls: 10000}\n' > $d/bench.yaml
$d/countersign --config $d/bench.yaml bench --start ` + rate + ` --most ` + rate + ` --speed ` + speed +
		` --step 15s --for 10m --reaction 30s --json 2>/dev/null`}}
}

func readCalls(_ int, printed []byte) (p Point, err error) {
	var r struct {
		Steps []struct {
			AtOnce   int `json:"at_once"`
			Calls    int
			Verified int
			Server   float64                    `json:"server_ms_a_call"`
			Resident float64                    `json:"resident_bytes"`
			Reaction struct{ P50, P99 float64 } `json:"reaction_ms"`
			Late     struct{ P99 float64 }      `json:"generator_late_ms"`
		}
	}
	if err := json.NewDecoder(bytes.NewReader(printed)).Decode(&r); err != nil || len(r.Steps) == 0 {
		return p, fmt.Errorf("nothing was measured: %w\n%s", err, printed)
	}
	s := r.Steps[0]
	return Point{Size: float64(s.AtOnce), Values: map[string]float64{
		"CPU of a call": s.Server, "reaction p50": s.Reaction.P50, "reaction p99": s.Reaction.P99, "callers late p99": s.Late.P99,
		"memory of the service": s.Resident / (1 << 20), "calls": float64(s.Calls), "verified": float64(s.Verified),
	}}, nil
}

// measure measures each size, or reads what was printed for it before.
func (p part) measure(raw, name string) (points []Point, err error) {
	for _, size := range p.sizes {
		file := filepath.Join(raw, fmt.Sprintf("%s-%d.txt", name, size))
		printed, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			fmt.Printf("%s: %s %s\n", name, short(float64(size)), p.what)
			if printed, err = output(p.commands(size)); err == nil {
				err = os.WriteFile(file, printed, 0o644)
			}
		}
		if err != nil {
			return nil, err
		}
		point, err := p.read(size, printed)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		var info fs.FileInfo
		if info, err = os.Stat(file); err != nil {
			return nil, err
		}
		point.At = info.ModTime().UTC().Truncate(time.Minute)
		points = append(points, point)
	}
	return points, nil
}

func output(commands [][]string) (all []byte, err error) {
	for _, c := range commands {
		cmd := exec.Command(c[0], c[1:]...)
		cmd.Stderr = os.Stderr
		printed, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", strings.Join(c, " "), err, printed)
		}
		all = append(all, printed...)
	}
	return all, nil
}
