package journal

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/event"
	"countersign/session/event/eventtest"
	"countersign/store/traces"
)

func TestACustomerIsErasedFromTheJournalAndCountsStay(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	locked := eventtest.Of("met", 1, event.Locked{On: event.LockOnCaller, Customer: "C-1001"})
	running := eventtest.Verified("running", "C-1001", eventtest.Noon)[:2]
	journalled(t, j, eventtest.Verified("a", "C-1001", eventtest.Noon), eventtest.Verified("b", "C-1002", eventtest.Noon),
		[]event.Event{locked}, running)
	waits := pending(t, j)
	found, err := j.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"a", "met", "running"}, found.Calls)
	assert.Equal(t, 6, found.Events)
	assert.Equal(t, 1, found.Running)
	assert.EqualValues(t, len(waits), found.Unpublished)

	events, err := j.Call(deadline(t), "a")
	require.NoError(t, err)
	want := eventtest.Verified("a", event.ErasedCustomer, eventtest.Noon)
	want[0].Data = event.CallStarted{Channel: "ch"}
	verified := want[1].Data.(event.Verified)
	verified.Name, verified.PopURL = "", ""
	want[1].Data = verified
	for i := range want {
		want[i].Time = events[i].Time
	}
	assert.Equal(t, want, events)
	others, err := j.Call(deadline(t), "b")
	require.NoError(t, err)
	assert.Equal(t, "Ada Lovelace", others[1].Data.(event.Verified).Name)
	assert.Equal(t, waits, pending(t, j), "nothing is missing in the outbox")
	out, err := j.Pending(deadline(t), 0, 100)
	require.NoError(t, err)
	for _, o := range out {
		assert.NotContains(t, string(o.Body), "C-1001")
	}

	again, err := j.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Empty(t, again.Calls)
}

func TestAnErasedCallForgetsTheNumberItLookedUp(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	journalled(t, j, []event.Event{
		eventtest.Of("a", 1, event.CallStarted{Channel: "ch"}),
		eventtest.Of("a", 2, event.StepFinished{
			Step: "phone", Result: event.StepPassed, Number: &event.Number{ToldLast4: "1820", Last4: "1820", Country: 49},
		}),
		eventtest.Of("a", 3, event.Identified{Customer: "C-1001", Method: event.MethodPhone}),
	})
	found, err := j.Erase(deadline(t), "C-1001")
	require.NoError(t, err)
	assert.Equal(t, 2, found.Events)
	events, err := j.Call(deadline(t), "a")
	require.NoError(t, err)
	assert.Equal(t, event.StepFinished{Step: "phone", Result: event.StepPassed}, events[1].Data)
}

func TestAwaitPublishedEndsWithTheLastEventItWaitsFor(t *testing.T) {
	t.Parallel()
	j := newJournal(t, Options{})
	journalled(t, j, eventtest.Verified("a", "c1", eventtest.Noon))
	out, err := j.Pending(deadline(t), 0, 100)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- j.AwaitPublished(deadline(t), out[1].N) }()
	require.NoError(t, j.Published(deadline(t), out[0].N))
	select {
	case <-done:
		require.FailNow(t, "one of them is still there")
	case <-time.After(3 * outboxPoll):
	}
	require.NoError(t, j.Published(deadline(t), out[1].N))
	require.NoError(t, <-done)
}

func TestWhatIsDeletedIsOverwritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openJournal(t, path, Options{})
	journalled(t, j, eventtest.Verified("a", "C-1001", eventtest.Noon))
	published(t, j)
	_, err := j.Prune(deadline(t), eventtest.Noon.Add(time.Hour))
	require.NoError(t, err)
	require.NoError(t, j.Close(deadline(t)))
	s, err := traces.Search(deadline(t), traces.Set{[]byte("C-1001"), traces.Named("C-1001")}, filepath.Dir(path))
	require.NoError(t, err)
	assert.Empty(t, s.Found)
}
