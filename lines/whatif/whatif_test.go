package whatif_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"countersign/lines"
	"countersign/lines/whatif"
	"countersign/session/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told prints a call for the message of a failed test.
func told(events []event.Event) string {
	var b strings.Builder
	for _, e := range events {
		data, _ := json.Marshal(e.Data)
		fmt.Fprintf(&b, "%d %s %s %s\n", e.Seq, e.Time.Format("15:04:05.000"), e.Fact(), data)
	}
	return b.String()
}

func trial(t testing.TB, defs ...*lines.Definition) *whatif.Trial {
	tr, err := whatif.New(defs, whatif.Options{Region: "DE"})
	require.NoError(t, err)
	return tr
}

// sameLine makes a random line and random calls to it, replays each on the same line, and requires the same outcome by
// the same steps.
func sameLine(t *testing.T, seed uint64, seen func(whatif.Result)) {
	w := newWorld(t, seed)
	if seed%3 > 0 {
		w.trouble = .03
	}
	tr := trial(t, w.def)
	for i := range 8 {
		for _, events := range w.play(fmt.Sprintf("call-%d-%d", seed, i)) {
			if seed%7 == 0 {
				erase(events)
			}
			read := make([]event.Event, len(events))
			for i, body := range written(t, events) {
				var err error
				read[i], err = whatif.Read(body)
				require.NoError(t, err)
			}
			r := tr.Run(t.Context(), read)
			if r.Verdict != whatif.Same || r.Step != "" {
				out, _ := json.MarshalIndent(r, "", " ")
				require.FailNow(t, "the outcome differs", "seed %d\n%s\n%s\n%s", seed, out, w.text, told(events))
			}
			seen(r)
		}
	}
}

// erase removes the caller's data from the events, as erasing the first customer that they name does.
func erase(events []event.Event) {
	customer := ""
	for i, e := range events {
		switch d := e.Data.(type) {
		case event.CallStarted:
			d.CallerLast4 = ""
			events[i].Data = d
		case event.Identified:
			if customer = cmp.Or(customer, d.Customer); d.Customer == customer {
				d.Customer, d.Name = "erased", ""
			}
			events[i].Data = d
		case event.CallEnded:
			if d.Customer != "" && d.Customer == customer {
				d.Customer = "erased"
			}
			events[i].Data = d
		}
	}
}

func TestOnTheSameLineEveryCallEndsAsBefore(t *testing.T) {
	t.Parallel()
	reasons, ends := map[event.Reason]int{}, map[event.End]int{}
	worlds := uint64(600)
	if testing.Short() {
		worlds = 300
	}
	for seed := range worlds {
		sameLine(t, seed, func(r whatif.Result) {
			reasons[r.Before.Reason]++
			ends[r.Before.End]++
		})
	}
	t.Log(ends, reasons)
	for _, reason := range []event.Reason{
		event.ReasonOK, event.ReasonNoInput, event.ReasonNoMatch, event.ReasonNotFound, event.ReasonWrongAnswer,
		event.ReasonOptedOut, event.ReasonNotEnrolled,
		event.ReasonUnavailable, event.ReasonLocked, event.ReasonVelocity, event.ReasonVoid, event.ReasonSendLimit,
		event.ReasonNotHeard, event.ReasonClosed,
		event.ReasonTooLong, event.ReasonHungUp, event.ReasonSeveral,
	} {
		assert.Greater(t, reasons[reason], 5, "too few calls ended for %s", reason)
	}
	for _, end := range []event.End{event.EndRouted, event.EndAbandoned, event.EndReleased} {
		assert.Greater(t, ends[end], 50, "%s", end)
	}
}

func FuzzOnTheSameLineEveryCallEndsAsBefore(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { sameLine(t, seed, func(whatif.Result) {}) })
}

// defaultWorld has the shipped line.
func defaultWorld(t testing.TB) *world {
	w := newWorld(t, 5)
	w.def, _ = lines.Default()
	var err error
	w.line, err = lines.Compile(w.def, 1, lines.Parts{Directory: w, Sends: w, Senders: lines.EveryWay(w), Once: w})
	require.NoError(t, err)
	return w
}

func BenchmarkRun(b *testing.B) {
	var calls [][]event.Event
	w := defaultWorld(b)
	for i := range 1000 {
		calls = append(calls, w.play(fmt.Sprintf("call-%d", i))...)
	}
	for _, c := range calls {
		for i := range c {
			c[i].Line = w.def.Line
		}
	}
	tr := trial(b, w.def)
	n, verdicts := 0, map[whatif.Verdict]int{}
	for b.Loop() {
		verdicts[tr.Run(b.Context(), calls[n%len(calls)]).Verdict]++
		n++
	}
	assert.Equal(b, n, verdicts[whatif.Same])
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "calls/s")
}
