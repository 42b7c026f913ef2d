package journal

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/store/sqlite"
)

// wholeCall is a call from its first event to its last.
func wholeCall(call string, at time.Time) []event.Event {
	all := []event.Event{
		eventtest.Of(call, 1, event.CallStarted{Channel: "leg", CallerLast4: "0001"}),
		eventtest.Of(call, 2, event.StepStarted{Step: "ani"}),
		eventtest.Of(call, 3, event.StepFinished{Step: "ani", Result: event.StepPassed}),
		eventtest.Of(call, 4,
			event.Identified{Customer: "C-1", Name: "Ada", Method: event.MethodANI, Status: event.StatusIdentified, Level: 1}),
		eventtest.Of(call, 5,
			event.Routed{Outcome: "identified", Destination: "agents XML default", Status: event.StatusIdentified, Level: 1,
				Reason: event.ReasonOK}),
		eventtest.Of(call, 6,
			event.CallEnded{End: event.EndRouted, Status: event.StatusIdentified, Level: 1, Reason: event.ReasonOK,
				Customer: "C-1"}),
	}
	for i := range all {
		all[i].Time = at.Add(time.Duration(i) * time.Second)
	}
	return all
}

func keep(t *testing.T, j *Journal, events ...event.Event) {
	t.Helper()
	require.NoError(t, j.Append(events...))
	require.NoError(t, j.Sync(deadline(t)))
}

func exported(t *testing.T, j *Journal, o ExportOptions) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, j.Export(deadline(t), o, func(body []byte) error {
		fmt.Fprintf(&b, "%s\n", body)
		return nil
	}))
	return b.String()
}

// callRows is what the journal knows of its calls.
func callRows(t *testing.T, j *Journal) []string {
	t.Helper()
	rows, err := sqlite.Collect(deadline(t), j.db, sqlite.ScanString, `SELECT json_array(call, started, ended, customer)
		FROM calls ORDER BY call`)
	require.NoError(t, err)
	return rows
}

func TestAJournalIsExportedAndImportedToTheLetter(t *testing.T) {
	t.Parallel()
	from, to := newJournal(t, Options{}), newJournal(t, Options{})
	a, b := wholeCall("call-a", eventtest.Noon), wholeCall("call-b", eventtest.Noon.Add(time.Hour))
	var mixed []event.Event // as calls overlap
	for i := range a {
		mixed = append(mixed, b[i], a[i])
	}
	keep(t, from, mixed...)
	file := exported(t, from, ExportOptions{})
	assert.Equal(t, len(mixed), strings.Count(file, "\n"))
	assert.Contains(t, strings.SplitN(file, "\n", 2)[0], `"id":"call-b.1"`, "in the order in which they were journalled")

	n, err := CheckImport(strings.NewReader(file))
	require.NoError(t, err)
	assert.Equal(t, len(mixed), n)
	for i, want := range []Imported{{Events: 12, New: 12}, {Events: 12}} {
		got, err := to.Import(deadline(t), strings.NewReader(file), nil, nil)
		require.NoError(t, err)
		assert.Equal(t, want, got, "time %d", i+1)
	}
	assert.Equal(t, file, exported(t, to, ExportOptions{}))
	assert.Equal(t, callRows(t, from), callRows(t, to))
	assert.Len(t, pending(t, from), 12)
	assert.Empty(t, pending(t, to), "nothing is published again")

	// Known events are left alone, and so is their place in the outbox.
	got, err := from.Import(deadline(t), strings.NewReader(file), nil, nil)
	require.NoError(t, err)
	assert.Equal(t, Imported{Events: 12, New: 0}, got)
	assert.Len(t, pending(t, from), 12)
}

func TestAnExportHasWholeCalls(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	for i := range 5 {
		keep(t, j, wholeCall(fmt.Sprintf("call-%d", i), eventtest.Noon.Add(time.Duration(i)*time.Hour))...)
	}
	keep(t, j, eventtest.Of("alarm-1", 1, event.Alarm{}))
	calls := func(o ExportOptions) (ids []string) {
		require.NoError(t, event.ReadLines(strings.NewReader(exported(t, j, o)), func(_ int, _ []byte, e event.Event) error {
			if e.Seq == 6 {
				ids = append(ids, e.Call)
			}
			return nil
		}))
		return ids
	}
	assert.Len(t, calls(ExportOptions{}), 5)
	assert.Equal(t, []string{"call-1", "call-2"},
		calls(ExportOptions{From: eventtest.Noon.Add(time.Hour), To: eventtest.Noon.Add(3 * time.Hour)}),
		"its last event may be behind the end")
	assert.Equal(t, []string{"call-0", "call-3"}, calls(ExportOptions{Calls: []string{"call-3", "call-0", "nobody's"}}))
	assert.Equal(t, []string{"call-3", "call-4"}, calls(ExportOptions{Last: 2}))
	assert.Contains(t, exported(t, j, ExportOptions{}), "alarm-1")

	for end, want := range map[string][]string{"call-3": {"call-3"}, "-3": {"call-3"}, "3": {"call-3"}, "call-": nil,
		"%": nil} {
		found, err := j.Find(deadline(t), end)
		require.NoError(t, err)
		assert.Equal(t, want, found, end)
	}
}

func TestACallThatHadNotEndedIsNotEndedHere(t *testing.T) {
	t.Parallel()
	from, to := newJournal(t, Options{}), newJournal(t, Options{})
	call := wholeCall("call-a", eventtest.Noon)
	keep(t, from, call[:4]...)
	_, err := to.Import(deadline(t), strings.NewReader(exported(t, from, ExportOptions{})), nil, nil)
	require.NoError(t, err)
	n, err := to.EndInterrupted(deadline(t), "/countersign/test", eventtest.Noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Zero(t, n, "the other journal ends it")
	assert.Empty(t, pending(t, to))

	keep(t, from, call[4:]...) // when the rest of it comes, it is as it was there
	got, err := to.Import(deadline(t), strings.NewReader(exported(t, from, ExportOptions{})), nil, nil)
	require.NoError(t, err)
	assert.Equal(t, Imported{Events: 6, New: 2}, got)
	assert.Equal(t, callRows(t, from), callRows(t, to))
}

func TestACallThatRunsHereIsLeftRunningByAnImport(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	keep(t, j, wholeCall("call-a", eventtest.Noon)[:4]...)
	_, err := j.Import(deadline(t), strings.NewReader(exported(t, j, ExportOptions{})), nil, nil)
	require.NoError(t, err)
	n, err := j.EndInterrupted(deadline(t), "/countersign/test", eventtest.Noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, 1, n)
}

func TestGarbageIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	from, to := newJournal(t, Options{}), newJournal(t, Options{})
	keep(t, from, wholeCall("call-a", eventtest.Noon)...)
	file := exported(t, from, ExportOptions{})
	replayed := wholeCall("call-b", eventtest.Noon)[0]
	replayed.Replay = "r-1"
	body, err := replayed.MarshalJSON()
	require.NoError(t, err)
	for _, bad := range []string{"garbage", `{"specversion":"1.0","type":"countersign.v1.weather_changed"}`,
		string(body)} {
		_, err := CheckImport(strings.NewReader(file + bad + "\n"))
		var at *event.LineError
		require.ErrorAs(t, err, &at)
		assert.Equal(t, 7, at.Line)
		got, err := to.Import(deadline(t), strings.NewReader(file+bad+"\n"+file), nil, nil)
		require.ErrorAs(t, err, &at)
		assert.Equal(t, 7, at.Line)
		assert.Equal(t, 6, got.Events, "what is before it is there")
	}
	assert.Equal(t, file, exported(t, to, ExportOptions{}))
}

func TestALargeImportTellsHowFarItIsAndCanBeStopped(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	for i := range 500 {
		for _, e := range wholeCall(fmt.Sprintf("call-%d", i), eventtest.Noon) {
			body, err := e.MarshalJSON()
			require.NoError(t, err)
			file.Write(append(body, '\n'))
		}
	}
	j := newJournal(t, Options{})
	ctx, cancel := context.WithCancel(deadline(t))
	_, err := j.Import(ctx, bytes.NewReader(file.Bytes()), nil, func(Imported) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
	var told []Imported
	got, err := j.Import(deadline(t), &file, nil, func(i Imported) { told = append(told, i) })
	require.NoError(t, err)
	assert.Equal(t, Imported{Events: 3000, New: 2000}, got, "it continues where it stopped")
	assert.Equal(t, Imported{Events: 1000, New: 0}, told[0])
	assert.Len(t, callRows(t, j), 500)
}

// What a later version adds within v1 is not lost on the way.
func TestAnImportKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	from, to := newJournal(t, Options{}), newJournal(t, Options{})
	keep(t, from, wholeCall("call-a", eventtest.Noon)...)
	file := strings.Replace(exported(t, from, ExportOptions{}), `"data":{`, `"data":{"colour":"green",`, 1)
	_, err := to.Import(deadline(t), strings.NewReader(strings.Replace(file, `{"spec`, `  { "spec`, 1)), nil, nil)
	require.NoError(t, err)
	assert.Equal(t, file, exported(t, to, ExportOptions{}))
}
