package journal

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/store/sqlite"
)

// steps are n events of one call, from 1.
func steps(call string, n int) []event.Event {
	all := make([]event.Event, n)
	for i := range all {
		all[i] = eventtest.Of(call, i+1, event.StepStarted{Step: "pin"})
	}
	return all
}

func newJournal(t testing.TB, o Options) *Journal {
	t.Helper()
	return openJournal(t, filepath.Join(t.TempDir(), "journal.db"), o)
}

func openJournal(t testing.TB, path string, o Options) *Journal {
	t.Helper()
	j, err := Open(deadline(t), path, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close(deadline(t)) })
	return j
}

func pending(t testing.TB, j *Journal) []string {
	t.Helper()
	all, err := j.Pending(deadline(t), 0, math.MaxInt32)
	require.NoError(t, err)
	var ids []string
	for _, o := range all {
		ids = append(ids, o.ID)
	}
	return ids
}

func idsOf(events []event.Event) []string {
	var ids []string
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

// waitFor waits for a token or for a channel to be closed.
func waitFor[T any](t *testing.T, c <-chan T, what string) {
	t.Helper()
	select {
	case <-c:
	case <-deadline(t).Done():
		require.FailNow(t, "no "+what)
	}
}

func TestACallIsJournalled(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	want := []event.Event{
		eventtest.Of("a", 1, event.CallStarted{Channel: "ch", CallerLast4: "1820"}),
		eventtest.Of("a", 2,
			event.StepFinished{Step: "ani", Result: event.StepPassed,
				Attempts: []event.Attempt{{Result: event.AttemptAccepted}}}),
		eventtest.Of("a", 3,
			event.Identified{Customer: "c1", Name: "Ada", Method: event.MethodANI, Status: event.StatusIdentified, Level: 1}),
		eventtest.Of("a", 4,
			event.Verified{Customer: "c1", Methods: []event.Method{event.MethodANI, event.MethodPIN},
				Status: event.StatusVerified, Level: 2}),
		eventtest.Of("a", 5,
			event.Routed{Outcome: "verified", Destination: "menu XML default", Status: event.StatusVerified, Level: 2,
				Reason: event.ReasonOK}),
		eventtest.Of("a", 6,
			event.CallEnded{End: event.EndRouted, Status: event.StatusVerified, Level: 2, Reason: event.ReasonOK,
				Customer: "c1"}),
	}
	row := func() string {
		var s string
		require.NoError(t, j.db.Read.QueryRow(`SELECT
			concat_ws('|', call, coalesce(ended - started, '?'), coalesce(customer, '?')) FROM calls`).Scan(&s))
		return s
	}
	for i, state := range []string{"a|?|?", "a|?|?", "a|?|c1", "a|?|c1", "a|?|c1", "a|5000|c1"} {
		require.NoError(t, j.Append(want[i]))
		require.NoError(t, j.Sync(deadline(t)))
		assert.Equal(t, state, row(), "after event %d", i+1)
	}
	got, err := j.Call(deadline(t), "a")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	none, err := j.Call(deadline(t), "b")
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	count, oldest, err := j.Backlog(deadline(t))
	require.NoError(t, err)
	assert.Zero(t, count)
	assert.True(t, oldest.IsZero())

	sent := steps("a", 5)
	require.NoError(t, j.Append(sent...))
	waitFor(t, j.Wake(), "wake")
	first, err := j.Pending(deadline(t), 0, 2)
	require.NoError(t, err)
	require.Len(t, first, 2)
	body, err := sent[0].MarshalJSON()
	require.NoError(t, err)
	assert.Equal(t, event.Outgoing{N: first[0].N, ID: "a.1", Subject: sent[0].Subject(), Body: body,
		Time: sent[0].Time.Truncate(time.Millisecond)}, first[0])
	next, err := j.Pending(deadline(t), first[1].N, 2)
	require.NoError(t, err)
	assert.Equal(t, "a.3", next[0].ID)
	count, oldest, err = j.Backlog(deadline(t))
	require.NoError(t, err)
	assert.Equal(t, 5, count)
	assert.Equal(t, first[0].Time, oldest)

	require.NoError(t, j.Published(deadline(t), first[1].N))
	assert.Equal(t, []string{"a.3", "a.4", "a.5"}, pending(t, j))
	require.NoError(t, j.Published(deadline(t), math.MaxInt64))
	require.NoError(t, j.Append(sent[0], eventtest.Of("a", 6, event.StepStarted{}), sent[4]))
	require.NoError(t, j.Sync(deadline(t)))
	assert.Equal(t, []string{"a.6"}, pending(t, j), "events that are known are ignored")
	last, err := j.Pending(deadline(t), 0, 1)
	require.NoError(t, err)
	assert.Greater(t, last[0].N, next[1].N+1, "numbers are not used again")
}

func TestGroups(t *testing.T) {
	t.Parallel()
	t.Run("a lonely event is written soon", func(t *testing.T) {
		t.Parallel()
		j := newJournal(t, Options{})
		require.NoError(t, j.Append(steps("a", 1)...))
		waitFor(t, j.Wake(), "commit")
	})
	t.Run("a full group is written at once", func(t *testing.T) {
		t.Parallel()
		j := newJournal(t, Options{interval: time.Hour})
		require.NoError(t, j.Append(steps("a", groupSize-1)...))
		require.NoError(t, j.Append(steps("b", 1)...))
		waitFor(t, j.Wake(), "commit")
		assert.Len(t, pending(t, j), groupSize)
	})
	t.Run("Sync does not wait for a group, however many it takes", func(t *testing.T) {
		t.Parallel()
		j := newJournal(t, Options{interval: time.Hour})
		require.NoError(t, j.Sync(deadline(t)), "nothing to do")
		require.NoError(t, j.Append(steps("a", 2*groupSize+1)...))
		require.NoError(t, j.Sync(deadline(t)))
		assert.Len(t, pending(t, j), 2*groupSize+1)
	})
	t.Run("Close does not wait for a group", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "journal.db")
		j := openJournal(t, path, Options{interval: time.Hour})
		require.NoError(t, j.Append(steps("a", groupSize+1)...))
		require.NoError(t, j.Close(deadline(t)))
		assert.Len(t, pending(t, openJournal(t, path, Options{})), groupSize+1)
	})
}

func TestManyCallsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	const calls, each = 50, 40
	j := newJournal(t, Options{})
	var all errgroup.Group
	for c := range calls {
		all.Go(func() error {
			for _, e := range steps(fmt.Sprint("call-", c), each) {
				if err := j.Append(e); err != nil {
					return err
				}
				if e.Seq%10 == c%10 {
					if err := j.Sync(deadline(t)); err != nil {
						return err
					}
				}
			}
			return j.Sync(deadline(t))
		})
	}
	require.NoError(t, all.Wait())
	last := map[string]int{}
	got, err := j.Pending(deadline(t), 0, math.MaxInt32)
	require.NoError(t, err)
	require.Len(t, got, calls*each)
	for _, o := range got {
		var e event.Event
		require.NoError(t, e.UnmarshalJSON(o.Body))
		require.Equal(t, last[e.Call]+1, e.Seq, e.Call)
		last[e.Call] = e.Seq
	}
}

func TestAppendNeverWaits(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{Queue: 10, interval: time.Hour})
	require.NoError(t, j.Append(steps("a", 9)...))
	require.ErrorIs(t, j.Append(steps("b", 2)...), ErrFull)
	require.NoError(t, j.Append(steps("c", 1)...))
	require.ErrorIs(t, j.Append(steps("d", 1)...), ErrFull)
	require.NoError(t, j.Sync(deadline(t)))
	require.NoError(t, j.Append(steps("e", 10)...), "there is room again")
	require.NoError(t, j.Close(deadline(t)))
	require.ErrorIs(t, j.Append(steps("f", 1)...), ErrClosed)
}

func TestAnEventThatCannotBeWrittenDoesNotBlockTheOthers(t *testing.T) {
	t.Parallel()
	log, book := newLog()
	j := newJournal(t, Options{Log: log})
	require.ErrorContains(t, j.Append(event.Event{ID: "x"}), "append event x: it has no data")
	nameless := eventtest.Of("a", 3, event.StepStarted{})
	nameless.ID = ""
	require.NoError(t, j.Append(append(steps("a", 2), nameless, eventtest.Of("a", 4, event.StepStarted{}))...))
	require.NoError(t, j.Sync(deadline(t)))
	assert.Equal(t, []string{"a.1", "a.2", "a.4"}, pending(t, j))
	assert.Equal(t, 1, strings.Count(book.String(),
		`level=ERROR msg="event cannot be written to the journal and is lost"`), book)
	var lost *LostError
	require.ErrorAs(t, j.Close(deadline(t)), &lost)
	assert.Equal(t, 1, lost.Events)
}

// fillDisk lets the file grow no more. It must have the connection that writes.
func fillDisk(t *testing.T, j *Journal) {
	t.Helper()
	var pages int
	// SQLite raises 1 to the current size.
	require.NoError(t, j.db.Write.QueryRow("PRAGMA max_page_count = 1").Scan(&pages))
}

func healDisk(t *testing.T, j *Journal) {
	t.Helper()
	var pages int
	require.NoError(t, j.db.Write.QueryRow("PRAGMA max_page_count = 1000000").Scan(&pages))
}

func TestAFullDiskDelaysEventsAndLosesNone(t *testing.T) {
	t.Parallel()
	log, book := newLog()
	j := newJournal(t, Options{Log: log, firstRetry: time.Millisecond, Queue: 600})
	require.NoError(t, j.Append(steps("a", 10)...))
	require.NoError(t, j.Sync(deadline(t)))
	fillDisk(t, j)
	want := append(steps("a", 10), steps("b", 500)...)
	require.NoError(t, j.Append(want[10:]...))
	impatient, cancel := context.WithTimeout(deadline(t), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, j.Sync(impatient), context.DeadlineExceeded)
	require.ErrorIs(t, j.Append(steps("c", 600)...), ErrFull, "what waits counts")
	late := steps("d", 1)
	require.NoError(t, j.Append(late...))
	healDisk(t, j)
	require.NoError(t, j.awaitWritten(deadline(t)))
	assert.Equal(t, idsOf(append(want, late...)), pending(t, j))
	assert.Equal(t, 1, strings.Count(book.String(), "journal cannot be written, events wait"), book)
	assert.Equal(t, 1, strings.Count(book.String(), "journal is written again"), book)
}

func TestAnotherProcessThatLocksTheFileDelaysEvents(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, Options{})
	other, err := sqlite.Open(deadline(t), path, schema)
	require.NoError(t, err)
	defer func() { assert.NoError(t, other.Close()) }()
	require.NoError(t, other.InTx(deadline(t), func(context.Context, *sql.Tx) error {
		return j.Append(steps("a", 5)...)
	}))
	require.NoError(t, j.Sync(deadline(t)))
	assert.Len(t, pending(t, j), 5)
}

func TestCloseReportsWhatIsLost(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	fillDisk(t, j)
	require.NoError(t, j.Append(steps("a", 300)...))
	syncing := make(chan error, 1)
	go func() { syncing <- j.Sync(context.Background()) }()
	now, cancel := context.WithCancel(deadline(t))
	cancel()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			var lost *LostError
			assert.ErrorAs(t, j.Close(now), &lost)
			assert.EqualError(t, lost, "300 events were not written to the journal and are lost")
		})
	}
	all.Wait()
	require.ErrorIs(t, <-syncing, ErrClosed)
	require.ErrorIs(t, j.Sync(deadline(t)), ErrClosed)
}

func BenchmarkJournalAppend(b *testing.B) {
	j := newJournal(b, Options{Queue: math.MaxInt})
	events := make([]event.Event, b.N)
	for i := range events {
		call := fmt.Sprintf("0192f3a4-%012d", i/10)
		events[i] = eventtest.Of(call, i%10+1, event.StepFinished{Step: "pin", Result: event.StepPassed, Milliseconds: 4200,
			Attempts: []event.Attempt{{Result: event.AttemptRejected, Milliseconds: 2000},
				{Result: event.AttemptAccepted, Milliseconds: 2200}}})
		if i%10 == 9 {
			events[i].Data = event.CallEnded{End: event.EndRouted, Status: event.StatusVerified, Level: 2,
				Reason: event.ReasonOK, Customer: "c1"}
		}
	}
	b.ResetTimer()
	for _, e := range events {
		if err := j.Append(e); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Sync(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
