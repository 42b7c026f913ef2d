package journal

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/event/eventtest"
)

func TestInterruptedCallsGetTheirLastEvent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	one := func(call string, seq int, data event.Data) event.Event {
		return event.Event{
			ID: event.ID(call, seq), Source: "/countersign/a", Time: at.Add(time.Duration(seq) * time.Second), Call: call,
			Seq: seq, Line: "retail", LineVersion: 7, Data: data,
		}
	}
	j, err := Open(deadline(t), path, Options{})
	require.NoError(t, err)
	require.NoError(t, j.Append(
		one("asked", 1, event.CallStarted{}), one("asked", 2, event.StepStarted{Step: "ani"}),
		one("known", 1, event.CallStarted{}), one("known", 2,
			event.Identified{Customer: "C-1", Status: event.StatusIdentified, Level: 1}),
		one("gone", 1, event.CallStarted{}), one("gone", 2,
			event.Routed{Outcome: "verified", Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK}),
		one("over", 1, event.CallStarted{}), one("over", 2,
			event.CallEnded{End: event.EndAbandoned, Status: event.StatusNone}),
	))
	require.NoError(t, j.Close(deadline(t)))

	j, err = Open(deadline(t), path, Options{})
	require.NoError(t, err)
	n, err := j.EndInterrupted(deadline(t), "/countersign/a", at.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	for call, want := range map[string]event.CallEnded{
		"asked": {End: event.EndInterrupted, Status: event.StatusNone, Reason: event.ReasonUnavailable, Milliseconds: 1000},
		"known": {End: event.EndInterrupted, Status: event.StatusIdentified, Level: 1, Reason: event.ReasonUnavailable,
			Customer: "C-1", Milliseconds: 1000},
		"gone": {End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK, Milliseconds: 1000},
	} {
		events, err := j.Call(deadline(t), call)
		require.NoError(t, err)
		require.Len(t, events, 3, call)
		assert.Equal(t, want, events[2].Data, call)
		assert.Equal(t, event.ID(call, 3), events[2].ID)
		assert.Equal(t, 7, events[2].LineVersion)
	}
	n, err = j.EndInterrupted(deadline(t), "/countersign/a", at)
	require.NoError(t, err)
	assert.Zero(t, n, "only once")
	require.NoError(t, j.Close(deadline(t)))
}

func TestAnEventThatCannotBeReadKeepsNobodyFromStarting(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	started, step := eventtest.Of("a", 1, event.CallStarted{}), eventtest.Of("a", 2, event.StepStarted{Step: "pin"})
	require.NoError(t, j.Append(started, step))
	require.NoError(t, j.Sync(deadline(t)))
	_, err := j.db.Write.Exec(`UPDATE events SET json = replace(json, '"specversion":"1.0"', '"specversion":"1.1"')
		WHERE seq = 1`)
	require.NoError(t, err)
	n, err := j.EndInterrupted(deadline(t), "/countersign/a", eventtest.Noon)
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	var line string
	require.NoError(t, j.db.Read.QueryRow("SELECT line FROM events WHERE seq = 3").Scan(&line))
	assert.Equal(t, "retail", line)
}
