package reportsdb

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/event/eventtest"
)

func newReports(t testing.TB) *Reports {
	t.Helper()
	return openReports(t, filepath.Join(t.TempDir(), "reports.db"))
}

func openReports(t testing.TB, path string) *Reports {
	t.Helper()
	r, err := Open(deadline(t), path, Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func applyAll(t testing.TB, r *Reports, events ...event.Event) (fresh int) {
	t.Helper()
	fresh, err := r.Apply(deadline(t), events)
	require.NoError(t, err)
	return fresh
}

// table is the answer to a query, a line a row.
func table(t testing.TB, r *Reports, query string, args ...any) string {
	t.Helper()
	rows, err := r.DB().QueryContext(deadline(t), query, args...)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var lines []string
	for rows.Next() {
		cells, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		require.NoError(t, rows.Scan(into...))
		var words []string
		for _, c := range cells {
			words = append(words, cell(c))
		}
		lines = append(lines, strings.Join(words, "|"))
	}
	require.NoError(t, rows.Err())
	return strings.Join(lines, "\n")
}

// verifiedCall is a call that was identified by its number, got its PIN wrong once, and was verified.
func verifiedCall(id string) []event.Event {
	return []event.Event{
		eventtest.Of(id, 1, event.CallStarted{Channel: "ch", CallerLast4: "1820", DialledLast4: "5000", Attestation: "A"}),
		eventtest.Of(id, 2, event.StepStarted{Step: "ani"}),
		eventtest.Of(id, 3, event.StepFinished{Step: "ani", Result: event.StepPassed, Milliseconds: 100}),
		eventtest.Of(id, 4, event.Identified{
			Customer: "c1", Name: "Ada", Method: event.MethodANI, Status: event.StatusIdentified, Level: 1,
			PopURL: "https://crm/c1",
		}),
		eventtest.Of(id, 5, event.StepStarted{Step: "pin"}),
		eventtest.Of(id, 6, event.StepFinished{
			Step: "pin", Result: event.StepPassed, Milliseconds: 9000, Attempts: []event.Attempt{
				{Result: event.AttemptRejected, Milliseconds: 5000},
				{Result: event.AttemptAccepted, Milliseconds: 4000, Spoken: true, Slow: true},
			},
		}),
		eventtest.Of(id, 7, event.Verified{
			Customer: "c1", Name: "Ada", Methods: []event.Method{"ani", "pin"}, Status: event.StatusVerified, Level: 2,
			PopURL: "https://crm/c1",
		}),
		eventtest.Of(id, 8, event.Routed{
			Outcome: "verified", Destination: "menu XML default", Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK,
		}),
		eventtest.Of(id, 9, event.CallEnded{
			End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK, Customer: "c1",
			Methods: []event.Method{"ani", "pin"}, Milliseconds: 8500,
		}),
	}
}

func TestACallIsReported(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	assert.Equal(t, 9, applyAll(t, r, verifiedCall("a")...))

	assert.Equal(t, "a|a|retail|3|1772366401123|1772366407123|1772366409123|8500|ch|1820|0|5000|A|"+
		"verified|2|ok|c1|ani,pin|ani|verified|menu XML default|routed|NULL|0|0|verified|NULL|NULL|NULL|NULL|0|0",
		table(t, r, "SELECT * FROM calls"))
	assert.Equal(t, "a|retail|1|ani|1772366402123|100|passed|NULL|0|0|0|0|0|0|0|0|0\n"+
		"a|retail|2|pin|1772366405123|9000|passed|NULL|2|1|1|0|0|0|0|0|0",
		table(t, r, "SELECT * FROM call_steps ORDER BY position"))
	assert.Equal(t, "a|retail|pin|1|rejected|5000|0|0|NULL\na|retail|pin|2|accepted|4000|1|1|NULL",
		table(t, r, "SELECT * FROM attempts ORDER BY attempt"))
	assert.Equal(t, "a|retail|1772366401123|c1|verified|2", table(t, r, "SELECT * FROM identified_by_ani"))
	assert.Equal(t, "a|retail|1772366401123|c1|2|ani,pin|8500", table(t, r, "SELECT * FROM verified"))
	assert.Empty(t, table(t, r, "SELECT * FROM failed"))
	assert.Equal(t, "2026-03-01|retail|1|1|1|1|0|0|0|0|0|0|0|0|8500|6000|0|0|0|0|0", table(t, r, "SELECT * FROM daily"))
	assert.Equal(t, "1772366400000|retail|1|1|1|1|0|0|0|0|0|0|0|0|8500|6000|0|0|0|0|0",
		table(t, r, "SELECT * FROM quarter_hours"))
	assert.Equal(t, "retail|pin|1|1|0|1|0|0|0|0|0|5000|0|0\nretail|pin|2|1|1|0|0|0|0|0|0|4000|1|1",
		table(t, r, "SELECT * FROM funnel"))
	assert.Equal(t, "2026-03-01|retail|pin|2|1|1|0|0|0|0|0|0|4000|1772323200000|1|1",
		table(t, r, "SELECT * FROM funnel_daily WHERE attempt = 2"))
	assert.Equal(t, "1772366400000|retail|pin|1|1|0|1|0|0|0|0|0|5000|0|0",
		table(t, r, "SELECT * FROM funnel_quarter_hours WHERE attempt = 1"))
	assert.Equal(t, "2026-03-01|retail|pin|1|1|2",
		table(t, r, "SELECT day, line, step, steps, passed, positions FROM steps_daily WHERE step = 'pin'"))
	assert.Equal(t, "1772366400000|retail|pin|1|1|2",
		table(t, r, "SELECT started, line, step, steps, passed, positions FROM steps_quarter_hours WHERE step = 'pin'"))
	assert.Equal(t, "1|retail|1|ani|verified|ani,pin|NULL|NULL|verified|2|ok|routed|0|1",
		table(t, r, "SELECT * FROM kinds WHERE kind IN (SELECT kind FROM kinds_daily)"))
	// Noon is quarter 48 of the day; 6000 ms, shifted left by 7 bits, are 768000.
	assert.Equal(t, "2026-03-01|1|1|6000|1772323200000|[768048]", table(t, r, "SELECT * FROM kinds_daily"))
	assert.Equal(t, "1772366400000|retail|verified|1|6000|1772323200000", table(t, r, "SELECT * FROM verdict_times"))
}

func TestAFailedCallSaysWhy(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	applyAll(t, r,
		eventtest.Of("a", 1, event.CallStarted{Channel: "ch", CallerWithheld: true}),
		eventtest.Of("a", 2, event.Identified{
			Customer: "c1", Method: event.MethodAccount, Status: event.StatusIdentified, Level: 1,
		}),
		eventtest.Of("a", 3, event.Locked{On: event.LockOnCustomer, Customer: "c1"}),
		eventtest.Of("a", 4, event.Failed{
			Step: "pin", Reason: event.ReasonWrongAnswer, Status: event.StatusIdentified, Level: 1, Customer: "c1",
		}),
		eventtest.Of("a", 5, event.Routed{
			Outcome: "failed", Destination: "agents XML default", Status: event.StatusIdentified, Level: 1,
			Reason: event.ReasonWrongAnswer,
		}),
		eventtest.Of("a", 6, event.CallEnded{
			End: event.EndAbandoned, Status: event.StatusIdentified, Level: 1, Reason: event.ReasonHungUp, Milliseconds: 900,
		}),
	)
	assert.Equal(t, "a|retail|1772366401123|c1|identified|wrong_answer|pin", table(t, r, "SELECT * FROM failed"))
	assert.Equal(t, "1|NULL|identified|hung_up|c1|NULL|NULL|abandoned|pin|1|failed",
		table(t, r, `SELECT caller_withheld, caller_last4, status, reason, customer, outcome, destination, "end",
			failed_step, locked, verdict FROM calls`),
		"the caller hung up before the transfer")
	assert.Equal(t, "1|0|1|0|1|0|1|0|1|0|0|0", table(t, r,
		"SELECT calls, identified_by_ani, identified, verified, failed, none, abandoned, opted_out, locked, unavailable, "+
			"closed, step_ups FROM daily"))
}

func TestAStepUpIsCountedApart(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	applyAll(t, r, verifiedCall("a")...)
	applyAll(t, r,
		eventtest.Of("b", 1, event.CallStarted{Channel: "ch", Continues: "a"}),
		eventtest.Of("b", 2, event.Identified{
			Customer: "c1", Method: event.MethodANI, Status: event.StatusVerified, Level: 2,
		}),
		eventtest.Of("b", 3, event.StepUpRequested{Level: 3, Has: 2}),
		eventtest.Of("b", 4, event.StepStarted{Step: "totp"}),
		eventtest.Of("b", 5, event.StepFinished{
			Step: "totp", Result: event.StepPassed, Attempts: []event.Attempt{{Result: event.AttemptAccepted, Milliseconds: 7}},
		}),
		eventtest.Of("b", 6, event.Verified{Customer: "c1", Status: event.StatusVerified, Level: 3}),
		eventtest.Of("b", 7, event.CallEnded{
			End: event.EndRouted, Status: event.StatusVerified, Level: 3, Reason: event.ReasonOK, Milliseconds: 1,
		}),
	)
	assert.Equal(t, "a|0\na|1", table(t, r, "SELECT first, step_up FROM calls ORDER BY call"))
	assert.Equal(t, "1|1|1|1", table(t, r, "SELECT calls, identified_by_ani, verified, step_ups FROM daily"))
	assert.Equal(t, "1|1", table(t, r, "SELECT (SELECT count(*) FROM verified), (SELECT count(*) FROM identified_by_ani)"))
	assert.Equal(t, "1", table(t, r, "SELECT asked FROM funnel WHERE step = 'totp'"), "a question costs what it costs")
}

func TestACallShowsFromItsBeginningOn(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	all := verifiedCall("a")
	assert.Equal(t, 8, applyAll(t, r, all[1:]...))
	assert.Equal(t, "0|0|0", table(t, r,
		"SELECT (SELECT count(*) FROM calls), (SELECT count(*) FROM daily), (SELECT count(*) FROM funnel)"))
	assert.Equal(t, 1, applyAll(t, r, append(all, all...)...))
	assert.Equal(t, "1|1|2", table(t, r,
		"SELECT (SELECT count(*) FROM calls), (SELECT sum(calls) FROM daily), (SELECT sum(asked) FROM funnel)"))
	assert.Zero(t, applyAll(t, r, all...), "they are known")

	applyAll(t, r, verifiedCall("b")[0])
	assert.Equal(t, "none|0|NULL|NULL", table(t, r, "SELECT status, level, reason, ended FROM calls WHERE call = 'b'"),
		"it goes on")
}

func TestNoEventIsKeptOfACallThatIsComplete(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	all := verifiedCall("a")
	applyAll(t, r, all[:8]...)
	assert.Equal(t, "8", table(t, r, "SELECT count(*) FROM events"))
	assert.Equal(t, "0", table(t, r, "SELECT count(*) FROM events WHERE json LIKE '%Ada%' OR json LIKE '%https%'"),
		"names and addresses are nobody's business here")
	applyAll(t, r, all[8])
	assert.Equal(t, "0", table(t, r, "SELECT count(*) FROM events"))
}

func TestWhatIsNotAboutACallIsNotCounted(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	strange := eventtest.Of("a", 2, event.CallStarted{})
	strange.ID = "other"
	again := eventtest.Of("a", 1, event.CallStarted{})
	again.Replay = "r1"
	assert.Zero(t, applyAll(t, r, eventtest.Of("line-retail", 1, event.ConfigChanged{Author: "ada"}),
		eventtest.Of("alarm-retail-1", 1, event.Alarm{}), strange, again, event.Event{ID: "x"}))
	assert.Equal(t, "0|0", table(t, r, "SELECT (SELECT count(*) FROM calls), (SELECT count(*) FROM events)"))
}

func TestResetForgetsWhatTheStreamStillHas(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	shifted := func(id string, days int) []event.Event {
		all := verifiedCall(id)
		for i := range all {
			all[i].Time = all[i].Time.AddDate(0, 0, days)
		}
		return all
	}
	for id, days := range map[string]int{"a": 0, "b": 1, "c": 2} {
		applyAll(t, r, shifted(id, days)...)
	}
	before, err := r.Consumer(deadline(t))
	require.NoError(t, err)
	require.NoError(t, r.Reset(deadline(t), eventtest.Noon.AddDate(0, 0, 0)), "in the middle of the first day: it stays")
	assert.Equal(t, "a", table(t, r, "SELECT call FROM calls"))
	assert.Equal(t, "2026-03-01|1", table(t, r, "SELECT day, calls FROM daily"))
	assert.Equal(t, "2026-03-01|1\n2026-03-01|1", table(t, r, "SELECT day, asked FROM funnel_daily"))
	assert.Equal(t, "2|2", table(t, r, "SELECT (SELECT count(*) FROM step_data), (SELECT count(*) FROM attempt_data)"))
	assert.Equal(t, "1|1|1", table(t, r,
		"SELECT (SELECT sum(calls) FROM kinds_daily), (SELECT sum(steps) FROM steps_daily WHERE step = 'pin'), "+
			"(SELECT count(*) FROM verdict_times)"))
	after, err := r.Consumer(deadline(t))
	require.NoError(t, err)
	assert.NotEqual(t, before, after, "the stream is read from its beginning")

	for id, days := range map[string]int{"a": 0, "b": 1, "c": 2} {
		applyAll(t, r, shifted(id, days)...)
	}
	assert.Equal(t, "2026-03-01|1\n2026-03-02|1\n2026-03-03|1", table(t, r, "SELECT day, calls FROM daily ORDER BY day"))
	require.NoError(t, r.Reset(deadline(t), time.Time{}))
	assert.Equal(t, "0|0|0", table(t, r,
		"SELECT (SELECT count(*) FROM calls), (SELECT count(*) FROM daily), (SELECT count(*) FROM funnel)"))
}

func TestReadersOfReportsCannotWrite(t *testing.T) {
	t.Parallel()
	_, err := newReports(t).DB().ExecContext(deadline(t), "DELETE FROM call_data")
	assert.Error(t, err)
}

func TestCallsForgetTheirPersonsAndThenEverything(t *testing.T) {
	t.Parallel()
	r := newReports(t)
	applyAll(t, r, verifiedCall("a")...)
	applyAll(t, r, verifiedCall("b")[:7]...)
	changed, err := r.Expire(deadline(t), eventtest.Noon.Add(time.Hour), eventtest.Noon)
	require.NoError(t, err)
	assert.Equal(t, 2, changed)
	assert.Equal(t, "a|NULL|NULL|NULL|verified\nb|NULL|NULL|NULL|verified",
		table(t, r, "SELECT call, customer, caller_last4, channel, status FROM calls ORDER BY call"))
	assert.Zero(t, applyAll(t, r, verifiedCall("b")...), "nothing brings them back")
	assert.Equal(t, "2|2|0", table(t, r,
		"SELECT (SELECT sum(calls) FROM daily), (SELECT count(*) FROM verified), (SELECT count(*) FROM events)"))
	changed, err = r.Expire(deadline(t), eventtest.Noon.Add(time.Hour), eventtest.Noon)
	require.NoError(t, err)
	assert.Zero(t, changed, "they have none any more")

	changed, err = r.Expire(deadline(t), eventtest.Noon, eventtest.Noon.AddDate(0, 0, 1))
	require.NoError(t, err)
	assert.Equal(t, 2, changed)
	assert.Equal(t, "0|0|0|0", table(t, r, "SELECT (SELECT count(*) FROM calls), (SELECT count(*) FROM step_data), "+
		"(SELECT count(*) FROM daily), (SELECT count(*) FROM funnel)"))
}

func TestATestByStaffCountsNowhere(t *testing.T) {
	t.Parallel()
	without, r := newReports(t), newReports(t)
	applyAll(t, without, verifiedCall("a")...)
	applyAll(t, r, verifiedCall("a")...)
	tried := verifiedCall("b")
	for i := range tried {
		tried[i].Test = true
	}
	applyAll(t, r, tried[2:]...)
	assert.Equal(t, len(tried), len(tried[2:])+applyAll(t, r, tried[:2]...), "in any order, and counted once")
	assert.Zero(t, applyAll(t, r, tried...))
	views := strings.Split(table(t, r, "SELECT name FROM sqlite_master WHERE type = 'view' AND name <> 'test_calls'"), "\n")
	require.Contains(t, views, "funnel")
	for _, view := range views {
		assert.Equal(t, table(t, without, "SELECT * FROM "+view), table(t, r, "SELECT * FROM "+view), view)
	}
	assert.Equal(t, "b|verified|2|1", table(t, r, "SELECT call, status, level, (SELECT count(*) FROM calls) FROM test_calls"))
}
