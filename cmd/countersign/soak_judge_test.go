package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bound is what a series of samples may do once it is warm. Slopes are medians of the slopes between all pairs of
// samples (Theil and Sen), which a few outliers do not move.
type bound struct {
	// hour is the most that it may grow in an hour; call, if it is not 0, is the most that it may grow with each call in
	// place of that: for what is kept of each call by design.
	hour, call float64
	// most is the most that it may ever be, once warm; 0: whatever.
	most float64
}

const (
	kilobyte = 1e3
	megabyte = 1e6
)

// soakBounds are by the series' name, or by its end. What is not here is shown and not judged.
var soakBounds = []struct {
	name string
	bound
}{
	{"goroutines", bound{hour: 25}},
	{"descriptors", bound{hour: 10}},
	{"consumers", bound{hour: 3}},
	{"outbox: age in seconds", bound{hour: 1, most: 10}},
	{"journal: events in memory", bound{hour: 5}},
	{"webhook: calls given up", bound{hour: 0.01}},
	// The log of a database begins anew after each checkpoint, and keeps its size.
	{".db-wal", bound{hour: megabyte, most: 64 * megabyte}},
	// The screens keep the calls of the last hour; the collector lets the heap grow to twice what is live.
	{"memory: live heap", bound{call: 6 * kilobyte}},
	{"memory: resident", bound{call: 12 * kilobyte}},
	// What is kept for days and weeks.
	{"journal.db", bound{call: 16 * kilobyte}},
	{"reports.db", bound{call: 2 * kilobyte}},
	{"attempts.db", bound{call: 0.2 * kilobyte}},
	{"audit.db", bound{call: 0.1 * kilobyte}},
	{"COUNTERSIGN: bytes", bound{call: 20 * kilobyte}},
	{"files of COUNTERSIGN", bound{call: 20 * kilobyte}},
	{"KV_calls: bytes", bound{call: kilobyte}},
	{"KV_guard: bytes", bound{call: 0.2 * kilobyte}},
	{"KV_customers: bytes", bound{call: 0.1 * kilobyte}},
	{"files of KV_webhooks", bound{call: 0.2 * kilobyte}},
	// What has an end of its own.
	{"KV_people: bytes", bound{hour: megabyte}},
	{"KV_lines: bytes", bound{hour: megabyte}},
	{"KV_webhooks: bytes", bound{hour: megabyte}},
	{"directory.db", bound{hour: megabyte}},
}

// verdict is a judged series.
type verdict struct {
	name       string
	from, to   float64 // medians of the first and the last tenth, once warm
	hour, call float64 // slopes
	most       float64
	bound      *bound
	within     bool
}

// judge judges a series, from the end of its warm-up on.
func judge(name string, samples []sample, warm time.Duration, b *bound) verdict {
	v := verdict{name: name, bound: b, within: true}
	var values, hours, calls []float64
	for _, one := range samples {
		if one.at >= warm {
			values = append(values, one.values[name])
			hours, calls = append(hours, one.at.Hours()), append(calls, float64(one.calls))
		}
	}
	if len(values) < 2 {
		v.within = b == nil
		return v
	}
	tenth := max(1, len(values)/10)
	v.from, v.to, v.most = median(values[:tenth]), median(values[len(values)-tenth:]), slices.Max(values)
	v.hour, v.call = slope(hours, values), slope(calls, values)
	if b != nil {
		grows, may := v.hour, b.hour
		if b.call > 0 {
			grows, may = v.call, b.call
		}
		v.within = grows <= may && (b.most == 0 || v.most <= b.most)
	}
	return v
}

func (v verdict) row() string {
	n := func(x float64) string { return inUnits(v.name, math.Round(x*100)/100) }
	may, is := "", "not judged"
	if v.bound != nil {
		if may = n(v.bound.hour) + " an hour"; v.bound.call > 0 {
			may = fmt.Sprintf("%.1f KB a call", v.bound.call/kilobyte)
		}
		if v.bound.most > 0 {
			may += ", at most " + n(v.bound.most)
		}
		if is = "within"; !v.within {
			is = "**beyond**"
		}
	}
	each := ""
	if isBytes(v.name) {
		each = fmt.Sprintf("%.2f KB", v.call/kilobyte)
	}
	cells := []string{v.name, n(v.from), n(v.to), n(v.most), n(v.hour), each, may, is}
	return "| " + strings.Join(cells, " | ") + " |"
}

func median(of []float64) float64 {
	of = slices.Sorted(slices.Values(of))
	if n := len(of); n%2 == 0 {
		return (of[n/2-1] + of[n/2]) / 2
	}
	return of[len(of)/2]
}

// slope is the median of the slopes between all pairs; 0 if there are none.
func slope(x, y []float64) float64 {
	var all []float64
	for i := range x {
		for j := i + 1; j < len(x); j++ {
			if x[j] > x[i] {
				all = append(all, (y[j]-y[i])/(x[j]-x[i]))
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	return median(all)
}

func boundOf(name string) *bound {
	for _, b := range soakBounds {
		if name == b.name || strings.HasPrefix(b.name, ".") && strings.HasSuffix(name, b.name) {
			return &b.bound
		}
	}
	return nil
}

// afterTheHour are the bounds of memory once the screens' hour is full.
var afterTheHour = []struct {
	name string
	bound
}{
	{"memory: resident", bound{hour: 40 * megabyte}},
	{"memory: live heap", bound{hour: 20 * megabyte}},
}

// judgeSoak judges all series after the first third of the run, and memory also once the screens' hour is full, if there
// are enough samples of that.
func judgeSoak(t *testing.T, samples []sample, length time.Duration) {
	t.Helper()
	table := []string{
		"", "| what | after the warm-up | at the end | most | an hour | a call | may grow | |",
		"|---|---|---|---|---|---|---|---|",
	}
	add := func(v verdict) {
		table = append(table, v.row())
		assert.True(t, v.within, "%s is not flat", v.name)
	}
	for _, name := range seriesOf(samples) {
		add(judge(name, samples, length/3, boundOf(name)))
	}
	if length >= time.Hour+10*time.Minute {
		for _, b := range afterTheHour {
			v := judge(b.name, samples, time.Hour, &b.bound)
			v.name += ", after the first hour"
			add(v)
		}
	}
	t.Log(strings.Join(table, "\n"))
}

// TestASoakIsJudgedAgain judges the samples.jsonl of a run by the bounds of today: COUNTERSIGN_SOAK_SAMPLES names it.
func TestASoakIsJudgedAgain(t *testing.T) {
	t.Parallel()
	path := os.Getenv("COUNTERSIGN_SOAK_SAMPLES")
	if path == "" {
		t.Skip("COUNTERSIGN_SOAK_SAMPLES names the file")
	}
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var samples []sample
	for lines := json.NewDecoder(f); lines.More(); {
		var one keptSample
		require.NoError(t, lines.Decode(&one))
		samples = append(samples, sample{time.Duration(one.Seconds * float64(time.Second)), one.Calls, one.Values})
	}
	require.NotEmpty(t, samples)
	judgeSoak(t, samples, samples[len(samples)-1].at.Truncate(time.Minute))
}

func TestASoakIsJudged(t *testing.T) {
	t.Parallel()
	run := func(value func(minute int) float64) (all []sample) {
		for minute := 1; minute <= 60; minute++ {
			at := time.Duration(minute) * time.Minute
			all = append(all, sample{at, 300 * minute, map[string]float64{"x": value(minute)}})
		}
		return all
	}
	within := func(b bound, value func(minute int) float64) bool {
		return judge("x", run(value), 20*time.Minute, &b).within
	}
	flat := bound{hour: 5}
	assert.True(t, within(flat, func(m int) float64 { return 100 + float64(m%7) }), "it varies")
	assert.True(t, within(flat, func(m int) float64 { return float64(min(m, 20)) }), "it grows while it warms up")
	assert.True(t, within(flat, func(m int) float64 { return 1000 - float64(m) }), "it shrinks")
	assert.False(t, within(flat, func(m int) float64 { return 100 + float64(m%7) + float64(m)/10 }), "a leak")
	assert.True(t, within(flat, func(m int) float64 {
		if m == 40 {
			return 500
		}
		return 100
	}), "one outlier is no leak")
	assert.False(t, within(bound{hour: 5, most: 400}, func(m int) float64 {
		if m == 40 {
			return 500
		}
		return 100
	}), "but more than it may ever be")
	assert.True(t, within(bound{call: 2}, func(m int) float64 { return float64(300 * m) }), "one for each call")
	assert.False(t, within(bound{call: 2}, func(m int) float64 { return float64(900 * m) }), "three for each call")
	assert.False(t, judge("x", nil, 0, &flat).within, "nothing was measured")
	assert.NotNil(t, boundOf("attempts.db-wal"))
	assert.Nil(t, boundOf("files"))
}
