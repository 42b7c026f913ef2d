package reports

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/reports/reportstest"
	"countersign/session/event"
)

// week are calls around the end of summer time in Berlin.
func week(t *testing.T) []reportstest.Call {
	z := reportstest.Zone(t, "Europe/Berlin")
	sunday := startOfDay(dayOf(2026, 10, 25), z)
	pin := []event.Method{event.MethodPIN}
	return []reportstest.Call{
		// Saturday
		{
			Line: "retail", At: sunday.Add(-time.Second), Caller: "0001", Customer: "C-1", By: event.MethodANI, Proof: pin,
			Verdict: 10 * time.Second,
		},
		{
			Line: "retail", At: sunday, Caller: "0001", Customer: "C-1", By: event.MethodANI, Proof: pin,
			Verdict: 20 * time.Second, Asked: []event.AttemptResult{"accepted"},
		},
		{
			Line: "retail", At: sunday.Add(24*time.Hour + 59*time.Minute), Caller: "0002", Customer: "C-2",
			By: event.MethodAccount, Reason: event.ReasonWrongAnswer, Step: "pin",
			Verdict: 40 * time.Second, Asked: []event.AttemptResult{"rejected", "no_input", "rejected"},
		},
		{
			Line: "bank", At: sunday.Add(2 * time.Hour), Caller: "", Reason: event.ReasonNotFound, Step: "account",
			Verdict: 30 * time.Second,
		},
		{
			Line: "bank", At: sunday.Add(3 * time.Hour), Caller: "0004", Customer: "C-4", By: event.MethodANI, HungUp: true,
			Verdict: 5 * time.Second,
		},
		{
			Line: "bank", At: sunday.Add(4 * time.Hour), Caller: "0005", Customer: "C-5", By: event.MethodToken,
			Proof:   []event.Method{event.MethodPIN, event.MethodSMSCode},
			Verdict: 60 * time.Second, Asked: []event.AttemptResult{"no_match", "accepted"},
		},
		{
			Line: "bank", At: sunday.Add(4*time.Hour + time.Minute), Caller: "0005", Customer: "C-5", By: event.MethodToken,
			Proof: pin, StepUp: true, First: "call-000006", Verdict: time.Second,
		},
		// Monday
		{Line: "bank", At: sunday.Add(25 * time.Hour), Caller: "0006", Reason: event.ReasonClosed, Verdict: time.Second},
	}
}

func TestTheSummaryCountsByTheLocalDay(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	q := Query{Period: period(t, "2026-10-24", "2026-10-26", reportstest.Zone(t, "Europe/Berlin"))}
	r, all := read(a, "summary", q)
	is := func(want any, key string, names ...string) {
		t.Helper()
		assert.Equal(t, want, cell(t, r, all, key, names...), "%s of %v", key, names)
	}
	is(int64(7), "calls", "total")
	is(int64(3), "identified_by_ani", "total")
	is(42.9, "identified_by_ani_percent", "total")
	is(int64(3), "verified", "total")
	is(int64(2), "failed", "total")
	is(int64(1), "abandoned", "total")
	is(int64(1), "closed", "total")
	is(int64(1), "step_ups", "total")
	is(int64(5), "identified", "total")
	is(26.8, "mean_seconds", "total") // 10 20 40 30 60 1; who hung up got no verdict
	is(20.0, "median_seconds", "total")
	is(60.0, "p95_seconds", "total")
	is(int64(3), "calls", "line", "retail")
	is(int64(4), "calls", "line", "bank")
	is(int64(1), "calls", "day", "2026-10-24")
	is(int64(5), "calls", "day", "2026-10-25")
	is(int64(1), "calls", "day", "2026-10-26")
	assert.Equal(t, []string{"calls", "identified_by_ani", "verified", "failed", "median_seconds"}, keysOfNumbers(r))

	// The same calls in UTC: Sunday begins two hours later.
	utc, rowsUTC := read(a, "summary", Query{Period: period(t, "2026-10-24", "2026-10-26", time.UTC)})
	assert.Equal(t, int64(2), cell(t, utc, rowsUTC, "calls", "day", "2026-10-24"))
	assert.Equal(t, int64(5), cell(t, utc, rowsUTC, "calls", "day", "2026-10-25"))
	assert.Equal(t, int64(7), cell(t, utc, rowsUTC, "calls", "total"))

	// One line, by hour: the hour from 2 to 3 came twice that night.
	q.Lines, q.By = []string{"bank"}, []string{"hour"}
	r, all = read(a, "summary", q)
	is(int64(4), "calls", "total")
	is(int64(1), "calls", "hour", "03:00") // 4 hours after midnight
	is(int64(2), "calls", "hour", "02:00") // 2 and 3 hours after midnight
	require.Len(t, all, 25)
}

func keysOfNumbers(r *Report) (keys []string) {
	for _, n := range r.Numbers {
		keys = append(keys, n.Key)
	}
	return keys
}

func TestEachReportSaysWhatHappened(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	q := Query{Period: period(t, "2026-10-24", "2026-10-26", reportstest.Zone(t, "Europe/Berlin"))}

	r, all := read(a, "ani", q)
	assert.Equal(t, int64(3), cell(t, r, all, "identified_by_ani", "total"))
	assert.Equal(t, int64(2), cell(t, r, all, "identified_otherwise", "total"))
	assert.Equal(t, int64(2), cell(t, r, all, "not_identified", "total"))
	assert.Equal(t, int64(1), cell(t, r, all, "identified_by_ani", "line", "bank"))

	r, all = read(a, "verified", q)
	assert.Equal(t, int64(3), cell(t, r, all, "verified", "total"))
	assert.Equal(t, int64(2), cell(t, r, all, "verified", "methods", "ani,pin"))
	assert.Equal(t, 66.7, cell(t, r, all, "share_percent", "methods", "ani,pin"))
	assert.Nil(t, cell(t, r, all, "calls", "methods", "ani,pin"), "all calls are not those of a method")
	assert.Equal(t, int64(1), cell(t, r, all, "strong", "line", "bank"))
	assert.Equal(t, 20.0, cell(t, r, all, "median_seconds", "total"))

	r, all = read(a, "failed", q)
	assert.Equal(t, int64(2), cell(t, r, all, "failed", "total"))
	assert.Equal(t, int64(1), cell(t, r, all, "failed", "reason", "wrong_answer"))
	assert.Equal(t, int64(1), cell(t, r, all, "identified_only", "step", "pin"))
	assert.Equal(t, int64(1), cell(t, r, all, "neither", "step", "account"))
	for _, row := range all {
		assert.NotEqual(t, "hung_up", row[1], "who hung up did not fail")
	}

	r, all = read(a, "funnel", q)
	assert.Equal(t, int64(1), cell(t, r, all, "asked", "retail", "pin", "3"))
	assert.Equal(t, int64(2), cell(t, r, all, "asked", "retail", "pin", "1"))
	assert.Equal(t, int64(1), cell(t, r, all, "success", "retail", "pin", "1"))
	assert.Equal(t, 50.0, cell(t, r, all, "success_percent", "retail", "pin", "1"))
	assert.Equal(t, 8.0, cell(t, r, all, "seconds_per_success", "retail", "pin", "1"))
	assert.Equal(t, int64(2), cell(t, r, all, "rejected", "retail", "pin", "all"))
	assert.Equal(t, 18.0, cell(t, r, all, "seconds_per_success", "retail", "pin", "all")) // 4.5 + 13.5 for one
	assert.Nil(t, cell(t, r, all, "seconds_per_success", "retail", "pin", "3"), "no success, no price")
	assert.Equal(t, int64(1), cell(t, r, all, "no_match", "bank", "pin", "1"))
}

func TestCallsAreListedAndFiltered(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	q := Query{Period: period(t, "2026-10-24", "2026-10-26", reportstest.Zone(t, "Europe/Berlin"))}
	r, all := read(a, "calls", q)
	require.Len(t, all, 8)
	assert.Equal(t, int64(8), r.Of)
	assert.Equal(t, "call-000008", all[0][r.column("call")], "the last one first")
	assert.Equal(t, "2026-10-25T02:00:00+01:00", Plain(cell(t, r, all, "started", "2026-10-25T02:00:00+01:00")))
	assert.Equal(t, "withheld", cell(t, r, all, "caller", "2026-10-25T02:00:00+02:00"))
	for _, c := range []struct {
		f    Filter
		want int
	}{
		{Filter{Status: "verified"}, 4},
		{Filter{Status: "verified", StepUps: true}, 1},
		{Filter{Failed: true}, 2},
		{Filter{Failed: true, Reason: "wrong_answer", FailedStep: "pin"}, 1},
		{Filter{Failed: true, Reason: "not_found", FailedStep: "pin"}, 0},
		{Filter{Reason: "hung_up"}, 1},
		{Filter{Customer: "C-5"}, 2},
		{Filter{CallerLast4: "0001"}, 2},
		{Filter{IdentifiedBy: "ani"}, 3},
		{Filter{Customer: "' OR 1=1 --"}, 0},
	} {
		q.Calls = c.f
		_, all := read(a, "calls", q)
		assert.Len(t, all, c.want, "%+v", c.f)
	}
	q.Calls, q.Limit = Filter{}, 3
	r, all = read(a, "calls", q)
	assert.Len(t, all, 3)
	assert.Equal(t, int64(8), r.Of)
}

func TestAnEmptyPeriodIsSaid(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	for _, name := range Names() {
		r, all := read(a, name, Query{Period: period(t, "2026-10-24", "2026-10-26", time.UTC)})
		require.NotEmpty(t, r.Notes)
		for _, row := range all {
			for i, c := range r.Columns {
				if c.Kind == Count {
					assert.Zero(t, Float(row[i]), name)
				} else if c.Kind == Percent || c.Kind == Seconds {
					assert.Nil(t, row[i], "nothing of nothing is not zero")
				}
			}
		}
	}
}

func TestWhatIsNotThereIsNamedWithWhatThereIs(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	read := func(name string, q Query) error {
		q.Period = period(t, "2026-10-24", "2026-10-26", time.UTC)
		return NewReader(a.DB(), time.Now).Read(context.Background(), name, q, func(*Report) error { return nil })
	}
	var unknown *UnknownError
	require.ErrorAs(t, read("summary", Query{Lines: []string{"retail"}}), &unknown)
	assert.Contains(t, unknown.Error(), "there are none")
	a.Add(week(t)...)
	require.ErrorAs(t, read("summary", Query{Lines: []string{"retial"}}), &unknown)
	assert.Equal(t, `there is no line with calls "retial": must be one of bank, retail`, unknown.Error())
	require.ErrorAs(t, read("summery", Query{}), &unknown)
	assert.Contains(t, unknown.Error(), "summary, ani")
	require.ErrorAs(t, read("ani", Query{By: []string{"reason"}}), &unknown)
	assert.Contains(t, unknown.Error(), "line, day, week")
	assert.NoError(t, read("failed", Query{By: []string{"reason"}}))
	for want, f := range map[string]Filter{
		`there is no reason "wrong_anser": must be one of `:              {Reason: "wrong_anser"},
		`there is no method "anni": must be one of `:                     {IdentifiedBy: "anni"},
		`there is no step at which a call failed "pim": must be one of `: {FailedStep: "pim", Failed: true},
		`there is no status "verifed": must be one of `:                  {Status: "verifed"},
		`there is no method "pim": must be one of account, `:             {Methods: "account,pim"},
		`there is no question "pim": must be one of `:                    {Asked: "pim"},
		`there is no attempt "first": must be one of 1, 2, 3, …`:         {Asked: "pin", Attempt: "first"},
		`there is no attempt "0": must be one of 1, 2, 3, …`:             {Asked: "pin", Attempt: "0"},
		`there is no result "wrong": must be one of abandoned, `:         {Asked: "pin", Result: "wrong"},
		`there is no result "passed": must be one of abandoned, `:        {Asked: "pin", Attempt: "1", Result: "passed"},
	} {
		for _, quiet := range []bool{false, true} {
			err := read("calls", Query{Calls: f, Quiet: quiet})
			assert.ErrorContains(t, err, want)
			assert.ErrorAs(t, err, &unknown)
		}
	}
	for _, f := range []Filter{
		{Reason: "too_long"}, {IdentifiedBy: "sms_code"}, {Asked: "sms_code", Result: "passed"}, {Methods: "sms_code"},
		{Asked: "pin", Attempt: "17", Result: "no_match"},
	} {
		assert.NoError(t, read("calls", Query{Calls: f}), "the product knows it, and there is no such call")
	}
	assert.NoError(t, read("calls", Query{
		Calls: Filter{Reason: "wrong_answer", CallerLast4: "9999"},
	}), "known, and there is no such call")
	assert.NoError(t, read("calls", Query{Calls: Filter{FailedStep: NoStep, CallerLast4: "9999"}}))
}

// All reports but that of calls are made of sums.
func TestCountsDoWithoutSingleCalls(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	q := Query{Period: period(t, "2026-10-24", "2026-10-26", reportstest.Zone(t, "Europe/Berlin"))}
	before := map[string][]Row{}
	for _, name := range Names() {
		_, before[name] = read(a, name, q)
		require.NotEmpty(t, before[name], name)
	}
	_, err := reportstest.OpenToWrite(t, a).Exec("DELETE FROM call_data")
	require.NoError(t, err)
	for _, name := range Names() {
		_, after := read(a, name, q)
		if name == "calls" {
			assert.Empty(t, after)
			continue
		}
		assert.Equal(t, before[name], after, name)
	}
}

// The counts are those of a plain recount, call by call in Go, whatever the zone.
func TestCountsEqualARecount(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	a := reportstest.New(t)
	begin := time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC)
	var calls []reportstest.Call
	for range 600 {
		line := []string{"a", "b"}[random.IntN(2)]
		at := begin.Add(time.Duration(random.Int64N(int64(240 * time.Hour)))).Truncate(time.Millisecond)
		c := reportstest.Call{
			Line: line, At: at, Caller: "1234",
			Verdict: time.Duration(random.IntN(120000)) * time.Millisecond,
		}
		switch random.IntN(5) {
		case 0:
			c.Customer, c.By, c.Proof = "C", event.MethodANI, []event.Method{event.MethodPIN}
			c.Asked = []event.AttemptResult{"no_input", "served", "accepted"}[random.IntN(3):]
			if random.IntN(3) == 0 {
				c.Proof = append(c.Proof, event.MethodTOTP)
			}
		case 1:
			c.Customer, c.By, c.Reason, c.Step = "C", event.MethodAccount, event.ReasonWrongAnswer, "pin"
			c.Asked = []event.AttemptResult{"rejected", "no_match", "rejected"}
		case 2:
			c.Reason = event.ReasonNotFound
		case 3:
			c.Customer, c.By, c.HungUp = "C", event.MethodANI, true
		case 4:
			c.Reason = event.ReasonClosed
		}
		calls = append(calls, c)
	}
	a.Add(calls...)
	for _, name := range []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		z := reportstest.Zone(t, name)
		r, all := read(a, "summary", Query{Period: period(t, "2026-10-22", "2026-10-28", z), By: []string{"day"}})
		for day := dayOf(2026, 10, 22); day <= dayOf(2026, 10, 28); day++ {
			var n, ani, verified, failed int64
			var verdicts []time.Duration
			for _, c := range calls {
				if today(c.At.In(z)) != day {
					continue
				}
				n++
				if c.By == event.MethodANI {
					ani++
				}
				if len(c.Proof) > 0 {
					verified++
				} else if c.Reason == event.ReasonWrongAnswer || c.Reason == event.ReasonNotFound {
					failed++
				}
				if !c.HungUp {
					verdicts = append(verdicts, c.Verdict)
				}
			}
			for key, want := range map[string]int64{
				"calls": n, "identified_by_ani": ani, "verified": verified, "failed": failed,
			} {
				require.Equal(t, want, cell(t, r, all, key, "day", day.String()), "%s %s %s", name, day, key)
			}
			for percent, key := range map[int]string{50: "median_seconds", 95: "p95_seconds"} {
				require.Equal(t, nearestRank(verdicts, percent), cell(t, r, all, key, "day", day.String()), "%s %s %s", name, day,
					key)
			}
		}
		agreesInDetail(t, a, calls, period(t, "2026-10-22", "2026-10-28", z))
		agreesInDetail(t, a, calls, period(t, "2026-10-22T00:15:00+02:00", "2026-10-27T03:45:00Z", z))
		agreesInDetail(t, a, calls, period(t, "2026-10-25T01:30:00Z", "2026-10-25T13:15:00Z", z))
	}
	// A period of moments counts what began between them.
	from, to := "2026-10-22T00:15:00+02:00", "2026-10-27T03:45:00Z"
	p := period(t, from, to, reportstest.Zone(t, "Europe/Berlin"))
	var want int64
	for _, c := range calls {
		if !c.At.Before(p.From) && c.At.Before(p.To) {
			want++
		}
	}
	r, all := read(a, "summary", Query{Period: p})
	assert.Equal(t, want, cell(t, r, all, "calls", "total"))
	listed, _ := read(a, "calls", Query{Period: p})
	assert.Equal(t, want, listed.Of)
}

func nearestRank(times []time.Duration, percent int) any {
	if len(times) == 0 {
		return nil
	}
	slices.Sort(times)
	return times[(len(times)*percent+99)/100-1].Round(100 * time.Millisecond).Seconds()
}

// agreesInDetail recounts what is told apart by methods, reasons and steps, by hour, and by question and attempt.
func agreesInDetail(t *testing.T, a *reportstest.Archive, calls []reportstest.Call, p Period) {
	t.Helper()
	type question struct {
		line    string
		attempt int
	}
	counted, strong := map[string]int64{}, map[string]int64{}
	byHour, asked := map[string][]time.Duration{}, map[question]int64{}
	proofs := map[string][]time.Duration{}
	for _, c := range calls {
		if c.At.Before(p.From) || !c.At.Before(p.To) {
			continue
		}
		for i := range c.Asked {
			asked[question{c.Line, i + 1}]++
		}
		if !c.HungUp {
			hour := c.At.In(p.From.Location()).Format("15:00")
			byHour[hour] = append(byHour[hour], c.Verdict)
		}
		switch {
		case len(c.Proof) > 0:
			methods := "ani"
			for _, m := range c.Proof {
				methods += "," + string(m)
			}
			counted[methods]++
			strong[methods] += int64(len(c.Proof) - 1) // one proof is level 2
			proofs[methods] = append(proofs[methods], c.Verdict)
		case c.Reason == event.ReasonWrongAnswer || c.Reason == event.ReasonNotFound:
			counted[string(c.Reason)]++
		}
	}
	q := Query{Period: p}
	r, all := read(a, "verified", q)
	for _, methods := range []string{"ani,pin", "ani,pin,totp"} {
		require.Equal(t, counted[methods], cell(t, r, all, "verified", "methods", methods), p)
		require.Equal(t, strong[methods], cell(t, r, all, "strong", "methods", methods), p)
		require.Equal(t, nearestRank(proofs[methods], 95), cell(t, r, all, "p95_seconds", "methods", methods), p)
	}
	r, all = read(a, "failed", q)
	for _, reason := range []string{"wrong_answer", "not_found"} {
		require.Equal(t, counted[reason], cell(t, r, all, "failed", "reason", reason), p)
	}
	require.Equal(t, counted["wrong_answer"], cell(t, r, all, "identified_only", "step", "pin"), p)
	require.Equal(t, counted["not_found"], cell(t, r, all, "neither", "step", NoStep), p)
	which, _ := read(a, "calls", Query{Period: p, Calls: Filter{Failed: true, FailedStep: NoStep}})
	require.Equal(t, counted["not_found"], which.Of, "and which they were")
	r, all = read(a, "funnel", q)
	for question, n := range asked {
		require.Equal(t, n, cell(t, r, all, "asked", question.line, "pin", fmt.Sprint(question.attempt)), p)
	}
	r, all = read(a, "summary", Query{Period: p, By: []string{"hour"}})
	for hour := range 24 {
		name := fmt.Sprintf("%02d:00", hour)
		require.Equal(t, nearestRank(byHour[name], 50), cell(t, r, all, "median_seconds", "hour", name), "%s %s", p, name)
	}
}

func TestSumsAreOfQuartersOfAnHour(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	p := period(t, "2026-10-25T00:00:00+02:00", "2026-10-25T02:07:00+02:00", reportstest.Zone(t, "Europe/Berlin"))
	for _, name := range []string{"summary", "ani", "verified", "failed", "funnel"} {
		err := NewReader(a.DB(), time.Now).Read(context.Background(), name, Query{Period: p}, func(*Report) error {
			return nil
		})
		require.ErrorIs(t, err, ErrUneven, name)
	}
	_, all := read(a, "calls", Query{Period: p})
	assert.Len(t, all, 2)
}

// In UTC the summary and the funnel are the views daily and funnel of reports.db.
func TestTheReportsAgreeWithTheViewsForAnalysts(t *testing.T) {
	t.Parallel()
	a := reportstest.New(t)
	a.Add(week(t)...)
	r, all := read(a, "summary", Query{Period: period(t, "2026-10-24", "2026-10-26", time.UTC), By: []string{"day"}})
	found, err := a.DB().Query("SELECT day, sum(calls), sum(identified_by_ani), sum(verified), sum(failed), " +
		"sum(abandoned), sum(step_ups) FROM daily GROUP BY day")
	require.NoError(t, err)
	defer found.Close()
	days := 0
	for found.Next() {
		var day string
		var n [6]int64
		require.NoError(t, found.Scan(&day, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]))
		for i, key := range []string{"calls", "identified_by_ani", "verified", "failed", "abandoned", "step_ups"} {
			assert.Equal(t, n[i], cell(t, r, all, key, "day", day), day+" "+key)
		}
		days++
	}
	require.NoError(t, found.Err())
	assert.Equal(t, 2, days)

	r, all = read(a, "funnel", Query{Period: period(t, "2026-10-24", "2026-10-26", time.UTC)})
	steps, err := a.DB().Query("SELECT line, step, attempt, asked, accepted, rejected, no_input, no_match FROM funnel")
	require.NoError(t, err)
	defer steps.Close()
	attempts := 0
	for steps.Next() {
		var line, step, attempt string
		var n [5]int64
		require.NoError(t, steps.Scan(&line, &step, &attempt, &n[0], &n[1], &n[2], &n[3], &n[4]))
		for i, key := range []string{"asked", "success", "rejected", "no_input", "no_match"} {
			assert.Equal(t, n[i], cell(t, r, all, key, line, step, attempt), key)
		}
		attempts++
	}
	require.NoError(t, steps.Err())
	assert.Equal(t, 5, attempts)
}
