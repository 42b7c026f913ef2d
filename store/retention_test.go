package store

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
)

// aCall is a whole call that ended at a time.
func aCall(call, customer string, ended time.Time) []event.Event {
	events := []event.Event{
		eventOf(call, 1, event.CallStarted{Channel: "ch", CallerLast4: "1820"}),
		eventOf(call, 2, event.Verified{Customer: customer, Name: "Ada Lovelace", Methods: []event.Method{event.MethodPIN}, Status: event.StatusVerified, Level: 2,
			PopURL: "https://crm.example/" + customer}),
		eventOf(call, 3, event.CallEnded{End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK, Customer: customer}),
	}
	for i := range events {
		events[i].Time = ended.Add(time.Duration(i-len(events)+1) * time.Second)
	}
	return events
}

func journalled(t testing.TB, j *Journal, calls ...[]event.Event) {
	t.Helper()
	for _, events := range calls {
		require.NoError(t, j.Append(events...))
	}
	require.NoError(t, j.Sync(deadline(t)))
}

func published(t testing.TB, j *Journal) {
	t.Helper()
	require.NoError(t, j.Published(deadline(t), math.MaxInt64))
}

func TestCallsAreRemovedWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	j := newJournal(t, JournalOptions{})
	for i := range 250 {
		journalled(t, j, aCall(fmt.Sprint("old-", i), "c1", noon.Add(time.Duration(i)*time.Second)))
	}
	line := noon.Add(250 * time.Second)
	running := aCall("running", "c1", noon.Add(time.Hour))[:2]
	journalled(t, j, aCall("young", "c1", line), running)
	published(t, j)

	n, err := j.Prune(deadline(t), line, true)
	require.NoError(t, err)
	assert.Equal(t, Pruned{Calls: 250, Events: 750}, n)
	n, err = j.Prune(deadline(t), line, true)
	require.NoError(t, err)
	assert.Equal(t, Pruned{Calls: 250, Events: 750}, n, "a dry run changes nothing")
	n, err = j.Prune(deadline(t), line, false)
	require.NoError(t, err)
	assert.Equal(t, Pruned{Calls: 250, Events: 750}, n, "in several batches")
	for call, want := range map[string]int{"old-0": 0, "old-249": 0, "young": 3, "running": 2} {
		events, err := j.Call(deadline(t), call)
		require.NoError(t, err)
		assert.Len(t, events, want, call)
	}
	n, err = j.Prune(deadline(t), line, false)
	require.NoError(t, err)
	assert.Zero(t, n)
}

// A call of which a file had only a part has no row of its own: nothing of it says that the call began.
func TestEventsOfNoCallAreRemovedWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	j := newJournal(t, JournalOptions{})
	const calls = pruneStray + 10
	var file strings.Builder
	for i := range calls {
		e := eventOf(fmt.Sprint("part-", i), 2, event.Locked{On: event.LockOnCustomer, Customer: "C-1001"})
		body, err := e.MarshalJSON()
		require.NoError(t, err)
		file.Write(append(body, '\n'))
	}
	_, err := j.Import(deadline(t), strings.NewReader(file.String()), nil, nil)
	require.NoError(t, err)
	at := eventOf("", 2, event.Locked{}).Time
	journalled(t, j, aCall("young", "C-1002", at.Add(time.Hour)))
	published(t, j)

	n, err := j.Prune(deadline(t), at, false)
	require.NoError(t, err)
	assert.Zero(t, n, "they are young")
	for _, dryRun := range []bool{true, false} {
		n, err = j.Prune(deadline(t), at.Add(time.Minute), dryRun)
		require.NoError(t, err)
		assert.Equal(t, Pruned{Events: calls}, n)
	}
	text := exported(t, j, ExportOptions{})
	assert.NotContains(t, text, "C-1001")
	assert.Equal(t, 3, strings.Count(text, "\n"), "the young call is whole")
}

func TestWhatIsNotPublishedYetIsNotRemoved(t *testing.T) {
	t.Parallel()
	j := newJournal(t, JournalOptions{})
	journalled(t, j, aCall("old", "c1", noon))
	n, err := j.Prune(deadline(t), noon.Add(time.Hour), false)
	var waiting *BacklogError
	require.ErrorAs(t, err, &waiting)
	assert.Equal(t, 3, waiting.Events)
	assert.Zero(t, n)
	assert.Len(t, pending(t, j), 3)
	published(t, j)
	n, err = j.Prune(deadline(t), noon.Add(time.Hour), false)
	require.NoError(t, err)
	assert.Equal(t, Pruned{Calls: 1, Events: 3}, n)
}
