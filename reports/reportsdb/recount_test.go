package reportsdb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case []byte:
		return string(v)
	default:
		return fmt.Sprint(v)
	}
}

// recount is a slow and plain count of events, which knows nothing of how reports are made. Its rows are those of the
// views, for lines that begin with prefix.
type recount map[string][]string

func (r recount) row(view string, cells ...any) {
	var words []string
	for _, c := range cells {
		words = append(words, cell(c))
	}
	r[view] = append(r[view], strings.Join(words, "|"))
}

// sum is a row of numbers that are added up under a key.
type sum map[string][]int64

func (s sum) add(key string, numbers ...int64) {
	if s[key] == nil {
		s[key] = make([]int64, len(numbers))
	}
	for i, n := range numbers {
		s[key][i] += n
	}
}

func (r recount) sums(view string, s sum) {
	for _, key := range slices.Sorted(maps.Keys(s)) {
		cells := []any{key}
		for _, n := range s[key] {
			cells = append(cells, n)
		}
		r.row(view, cells...)
	}
}

func count01(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// recounted counts the events that arrived, each as often as it did.
func recounted(zone *time.Location, arrived []event.Event) recount {
	byCall := map[string]map[int]event.Event{}
	for _, e := range arrived {
		if byCall[e.Call] == nil {
			byCall[e.Call] = map[int]event.Event{}
		}
		byCall[e.Call][e.Seq] = e
	}
	r, daily, local, funnel, funnelDaily, funnelQuarters := recount{}, sum{}, sum{}, sum{}, sum{}, sum{}
	steps, stepsQuarters, kinds, times := sum{}, sum{}, sum{}, sum{}
	for _, call := range slices.Sorted(maps.Keys(byCall)) {
		one := byCall[call]
		seqs := slices.Sorted(maps.Keys(one))
		facts := map[event.Fact][]event.Event{}
		for _, seq := range seqs {
			facts[one[seq].Fact()] = append(facts[one[seq].Fact()], one[seq])
		}
		if len(facts[event.FactCallStarted]) == 0 {
			continue
		}
		began := facts[event.FactCallStarted][0]
		start := began.Data.(event.CallStarted)
		own := start.Continues == "" && len(facts[event.FactStepUpRequested]) == 0
		day, at := began.Time.UTC().Format(time.DateOnly), began.Time.UnixMilli()
		quarter := began.Time.Truncate(15 * time.Minute).UnixMilli()

		status, level, reason, customer := event.StatusNone, 0, event.Reason(""), ""
		say := func(s event.Status, l int, why event.Reason, who string) {
			status, level = s, l
			if why != "" {
				reason = why
			}
			if who != "" {
				customer = who
			}
		}
		var by event.Method
		var end event.End
		var methods string
		var decided, lasted int64
		asked := map[string]int{}
		position, running := int64(0), ""
		for _, seq := range seqs {
			e := one[seq]
			switch d := e.Data.(type) {
			case event.Identified:
				say(d.Status, d.Level, "", d.Customer)
				if by == "" {
					by = d.Method
				}
			case event.Verified:
				say(d.Status, d.Level, "ok", d.Customer)
				methods = joined(d.Methods, methods)
			case event.Failed:
				say(d.Status, d.Level, d.Reason, d.Customer)
			case event.Routed:
				say(d.Status, d.Level, d.Reason, "")
			case event.CallEnded:
				say(d.Status, d.Level, d.Reason, d.Customer)
				methods = joined(d.Methods, methods)
				end, lasted = d.End, d.Milliseconds
			case event.StepStarted:
				position, running = position+1, d.Step
				for key, s := range map[string]sum{day: steps, fmt.Sprint(quarter): stepsQuarters} {
					s.add(key+"|"+e.Line+"|"+d.Step, 1, 0, position, 0)
				}
			case event.StepFinished:
				begun := int64(0)
				if running != d.Step { // its beginning was lost
					position, begun = position+1, 1
				}
				running = ""
				for key, s := range map[string]sum{day: steps, fmt.Sprint(quarter): stepsQuarters} {
					s.add(key+"|"+e.Line+"|"+d.Step, begun, count01(d.Result == event.StepPassed), begun*position, d.Milliseconds)
				}
				for _, a := range d.Attempts {
					asked[d.Step]++
					r.row("attempts", call, e.Line, d.Step, asked[d.Step], a.Result, a.Milliseconds, count01(a.Spoken), count01(a.Slow),
						orNull(string(a.Wish)))
					is := func(result event.AttemptResult) int64 { return count01(a.Result == result) }
					numbers := []int64{
						1, is("accepted"), is("rejected"), is("no_input"), is("no_match"), is("opted_out"), is("abandoned"), is("error"),
						a.Milliseconds, count01(a.Spoken), count01(a.Slow),
					}
					key := fmt.Sprintf("%s|%s|%d", e.Line, d.Step, asked[d.Step])
					funnel.add(key, numbers...)
					funnelDaily.add(day+"|"+key, numbers...)
					funnelQuarters.add(fmt.Sprint(quarter)+"|"+key, numbers...)
				}
			}
		}
		for _, fact := range []event.Fact{event.FactRouted, event.FactFailed, event.FactVerified} {
			for _, e := range facts[fact] {
				decided = e.Time.UnixMilli() - at
			}
		}
		agents := recountedAgents(facts)
		r.row("calls", call, began.Line, at, status, level, orNull(string(reason)), orNull(customer), orNull(string(end)),
			lasted, orNull(agents.first), agents.missed, agents.gaveUp, agents.talked)
		verified, failed := len(facts[event.FactVerified]) > 0, len(facts[event.FactFailed]) > 0
		if own && by == event.MethodANI {
			r.row("identified_by_ani", call, began.Line, at, orNull(customer), status, level)
		}
		if own && verified {
			r.row("verified", call, began.Line, at, orNull(customer), level, orNull(methods))
		}
		if own && failed {
			d := facts[event.FactFailed][0].Data.(event.Failed)
			r.row("failed", call, began.Line, at, orNull(customer), status, d.Reason, orNull(d.Step))
		}
		numbers := make([]int64, 19)
		if own {
			numbers = []int64{
				1, count01(by == event.MethodANI), count01(by != ""), count01(verified), count01(failed),
				count01(status == event.StatusNone),
				count01(end == event.EndAbandoned), count01(reason == event.ReasonOptedOut),
				count01(len(facts[event.FactLocked]) > 0),
				count01(reason == event.ReasonUnavailable), count01(reason == event.ReasonClosed), 0, lasted, decided,
			}
			numbers = append(numbers, agents.answered, agents.missed, agents.gaveUp, agents.waited, agents.talked)
		} else {
			numbers[11] = 1
		}
		kind := recount{}
		known := len(facts[event.FactRouted]) > 0 || verified || failed
		if own {
			var verdict, proof, why, where any
			if verified {
				verdict, proof = "verified", orNull(methods)
			}
			if failed {
				d := facts[event.FactFailed][0].Data.(event.Failed)
				verdict, why, where = "failed", d.Reason, orNull(d.Step)
			}
			kind.row("", began.Line, 1, orNull(string(by)), verdict, proof, why, where, status, level, orNull(string(reason)),
				orNull(string(end)),
				count01(len(facts[event.FactLocked]) > 0), count01(known))
		} else {
			kind.row("", began.Line, 0, nil, nil, nil, nil, nil, "", 0, nil, nil, 0, 0)
		}
		kinds.add(day+"|"+kind[""][0], 1, numbers[13])
		if own && known {
			times.add(fmt.Sprintf("%d|%s|%d", quarter, kind[""][0], decided), 1)
		}
		daily.add(day+"|"+began.Line, numbers...)
		local.add(began.Time.In(zone).Format(time.DateOnly)+"|"+began.Line, numbers...)
	}
	r.sums("daily", daily)
	r.sums("local", local)
	r.sums("funnel", funnel)
	r.sums("funnel_daily", funnelDaily)
	r.sums("funnel_quarter_hours", funnelQuarters)
	r.sums("steps_daily", steps)
	r.sums("steps_quarter_hours", stepsQuarters)
	r.sums("kinds_daily", kinds)
	r.sums("verdict_times", times)
	for view := range r {
		slices.Sort(r[view])
	}
	return r
}

// agentNumbers are what agents did with a call.
type agentNumbers struct {
	first                                    string
	answered, missed, gaveUp, waited, talked int64
}

func recountedAgents(facts map[event.Fact][]event.Event) (n agentNumbers) {
	if all := facts[event.FactAgentConnected]; len(all) > 0 {
		d := all[0].Data.(event.AgentConnected)
		n.first, n.answered, n.waited = d.Agent, 1, d.WaitedMilliseconds
	}
	for _, e := range facts[event.FactAgentMissed] {
		switch e.Data.(event.AgentMissed).Reason {
		case event.MissedNoAnswer, event.MissedBusy, event.MissedRejected, event.MissedUnreachable, event.MissedFailed:
			n.missed++
		}
	}
	for _, e := range facts[event.FactAgentDone] {
		d := e.Data.(event.AgentDone)
		n.gaveUp |= count01(d.End == event.AgentEndAbandoned)
		n.talked += d.TalkedMilliseconds
	}
	return n
}

func joined(methods []event.Method, before string) string {
	var words []string
	for _, m := range methods {
		words = append(words, string(m))
	}
	if len(words) == 0 {
		return before
	}
	return strings.Join(words, ",")
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// agree compares every view with a slow recount of what arrived on the lines that begin with prefix.
func agree(t testing.TB, r *Reports, prefix string, zone *time.Location, arrived []event.Event) {
	t.Helper()
	want := recounted(zone, arrived)
	mine := " WHERE line GLOB ?"
	kind := `k.line, k.counted, k.identified_by, k.verdict, k.methods, k.failed_reason, k.failed_step,
		k.status, k.level, k.reason, k."end", k.locked, k.decided`
	for view, query := range map[string]string{
		"calls": `SELECT call, line, started, status, level, reason, customer, "end", coalesce(ms, 0),
			agent, agent_missed, gave_up, coalesce(talk_ms, 0) FROM calls` + mine,
		"attempts":          "SELECT * FROM attempts" + mine,
		"identified_by_ani": "SELECT * FROM identified_by_ani" + mine,
		"verified":          "SELECT call, line, started, customer, level, methods FROM verified" + mine,
		"failed":            "SELECT * FROM failed" + mine,
		"daily":             "SELECT * FROM daily" + mine,
		"funnel":            "SELECT * FROM funnel" + mine,
		"funnel_daily": "SELECT day, line, step, attempt, asked, accepted, rejected, no_input, no_match, opted_out, " +
			"abandoned, errors, ms, spoken, slow FROM funnel_daily" + mine +
			" AND day = strftime('%Y-%m-%d', started / 1000, 'unixepoch')",
		"funnel_quarter_hours": "SELECT * FROM funnel_quarter_hours" + mine,
		"steps_daily":          "SELECT day, line, step, steps, passed, positions, ms FROM steps_daily" + mine,
		"steps_quarter_hours":  "SELECT * FROM steps_quarter_hours" + mine,
		"kinds_daily": "SELECT d.day, " + kind +
			", sum(d.calls), sum(d.verify_ms) FROM kinds_daily AS d JOIN kinds AS k USING (kind)" + mine +
			" GROUP BY d.day, d.kind",
		"verdict_times": "SELECT t.started, " + kind +
			", t.ms, count(*) FROM verdict_times AS t JOIN kinds AS k USING (kind) WHERE k.line GLOB ? GROUP BY t.started, " +
			"t.kind, t.ms",
	} {
		got := strings.Split(table(t, r, query, prefix+"*"), "\n")
		slices.Sort(got)
		if len(got) == 1 && got[0] == "" {
			got = nil
		}
		require.Equal(t, want[view], got, "%s of %s", view, prefix)
	}
	require.Equal(t, want["local"], localDays(t, r, prefix, zone), "days in %s of %s", zone, prefix)
	assert.Equal(t, "0", table(t, r, `SELECT count(*) FROM call_steps WHERE line GLOB ?
		AND attempts <> accepted + rejected + no_input + no_match + opted_out + abandoned
		+ errors + served`, prefix+"*"))
	assert.Equal(t, table(t, r, "SELECT coalesce(sum(asked), 0) FROM funnel"+mine, prefix+"*"),
		table(t, r, "SELECT coalesce(sum(attempts), 0) FROM call_steps"+mine, prefix+"*"))
}

// localDays adds quarters of an hour up to days in a time zone.
func localDays(t testing.TB, r *Reports, prefix string, zone *time.Location) (days []string) {
	t.Helper()
	rows, err := r.DB().QueryContext(deadline(t), "SELECT * FROM quarter_hours WHERE line GLOB ?", prefix+"*")
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	local := sum{}
	for rows.Next() {
		var at int64
		var line string
		n := make([]int64, 19)
		into := []any{&at, &line}
		for i := range n {
			into = append(into, &n[i])
		}
		require.NoError(t, rows.Scan(into...))
		local.add(time.UnixMilli(at).In(zone).Format(time.DateOnly)+"|"+line, n...)
	}
	require.NoError(t, rows.Err())
	all := recount{}
	all.sums("local", local)
	slices.Sort(all["local"])
	return all["local"]
}
