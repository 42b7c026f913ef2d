package journal

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/event/eventtest"
)

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
	j := newJournal(t, Options{})
	for i := range 250 {
		journalled(t, j, eventtest.Verified(fmt.Sprint("old-", i), "c1", eventtest.Noon.Add(time.Duration(i)*time.Second)))
	}
	line := eventtest.Noon.Add(250 * time.Second)
	running := eventtest.Verified("running", "c1", eventtest.Noon.Add(time.Hour))[:2]
	journalled(t, j, eventtest.Verified("young", "c1", line), running)
	published(t, j)

	n, err := j.Prunable(deadline(t), line)
	require.NoError(t, err)
	assert.Equal(t, Pruned{Calls: 250, Events: 750}, n)
	n, err = j.Prunable(deadline(t), line)
	require.NoError(t, err)
	assert.Equal(t, Pruned{Calls: 250, Events: 750}, n, "counting changes nothing")
	n, err = j.Prune(deadline(t), line)
	require.NoError(t, err)
	assert.Equal(t, Pruned{Calls: 250, Events: 750}, n, "in several batches")
	for call, want := range map[string]int{"old-0": 0, "old-249": 0, "young": 3, "running": 2} {
		events, err := j.Call(deadline(t), call)
		require.NoError(t, err)
		assert.Len(t, events, want, call)
	}
	n, err = j.Prune(deadline(t), line)
	require.NoError(t, err)
	assert.Zero(t, n)
}

// A call of which a file had only a part has no row of its own: nothing of it says that the call began.
func TestEventsOfNoCallAreRemovedWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	const calls = pruneStray + 10
	var file strings.Builder
	for i := range calls {
		e := eventtest.Of(fmt.Sprint("part-", i), 2, event.Locked{On: event.LockOnCustomer, Customer: "C-1001"})
		body, err := e.MarshalJSON()
		require.NoError(t, err)
		file.Write(append(body, '\n'))
	}
	_, err := j.Import(deadline(t), strings.NewReader(file.String()), nil, nil)
	require.NoError(t, err)
	at := eventtest.Of("", 2, event.Locked{}).Time
	journalled(t, j, eventtest.Verified("young", "C-1002", at.Add(time.Hour)))
	published(t, j)

	n, err := j.Prune(deadline(t), at)
	require.NoError(t, err)
	assert.Zero(t, n, "they are young")
	would, err := j.Prunable(deadline(t), at.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, Pruned{Events: calls}, would)
	n, err = j.Prune(deadline(t), at.Add(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, would, n)
	text := exported(t, j, ExportOptions{})
	assert.NotContains(t, text, "C-1001")
	assert.Equal(t, 3, strings.Count(text, "\n"), "the young call is whole")
}

func TestWhatIsNotPublishedYetIsNotRemoved(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	journalled(t, j, eventtest.Verified("old", "c1", eventtest.Noon))
	n, err := j.Prune(deadline(t), eventtest.Noon.Add(time.Hour))
	var waiting *BacklogError
	require.ErrorAs(t, err, &waiting)
	assert.Equal(t, 3, waiting.Events)
	assert.Zero(t, n)
	assert.Len(t, pending(t, j), 3)
	published(t, j)
	n, err = j.Prune(deadline(t), eventtest.Noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, Pruned{Calls: 1, Events: 3}, n)
}

func TestAJournalHoldsNobodyWhoseTimeIsOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, Options{})
	t.Cleanup(func() { _ = j.Close(deadline(t)) })
	random := rand.New(rand.NewPCG(1, 2))
	for hour := range 40 {
		var events []event.Event
		for i := range 20 { // ids grow with time, as real ones do
			events = append(events,
				eventtest.Verified(fmt.Sprintf("%04d-%04d", hour, i), fmt.Sprintf("customer-%03d%03d", hour, random.IntN(1000)),
					eventtest.Noon.Add(time.Duration(hour)*time.Hour))...)
		}
		journalled(t, j, events)
	}
	published(t, j)
	for _, line := range []int{10, 25, 40} {
		_, err := j.Prune(deadline(t), eventtest.Noon.Add(time.Duration(line)*time.Hour-time.Minute))
		require.NoError(t, err)
		for who := range tracedIn(t, path) {
			assert.GreaterOrEqual(t, who, fmt.Sprintf("customer-%03d", line))
		}
	}
	assert.Empty(t, tracedIn(t, path))
}

// A reader that does not end, such as a long export, keeps the log from being emptied; nobody else waits for it.
func TestALongReaderHoldsUpNobody(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	journalled(t, j, eventtest.Verified("old", "C-1001", eventtest.Noon))
	published(t, j)
	rows, err := j.db.Read.Query("SELECT json FROM events")
	require.NoError(t, err)
	require.True(t, rows.Next())
	n, err := j.Prune(deadline(t), eventtest.Noon.Add(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, 1, n.Calls)
	journalled(t, j, eventtest.Verified("new", "C-1001", eventtest.Noon.Add(time.Hour)))
	require.NoError(t, rows.Close())
	require.NoError(t, j.db.EmptyLog(deadline(t)))
	log, err := os.Stat(j.db.Path + "-wal")
	require.NoError(t, err)
	assert.Zero(t, log.Size())
}
