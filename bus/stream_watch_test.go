package bus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

// watch runs Watch and yields the ids it sees.
func watch(t *testing.T, nats bus.Endpoint, o bus.WatchOptions) <-chan string {
	t.Helper()
	ids := make(chan string, 10_000)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	o.Log = discard()
	go func() { done <- bus.Watch(ctx, nats, o, func(e event.Event) { ids <- e.ID }) }()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-done) })
	return ids
}

func receive(t *testing.T, ids <-chan string, n int) (got []string) {
	t.Helper()
	deadline := time.After(patience)
	for len(got) < n {
		select {
		case id := <-ids:
			got = append(got, id)
		case <-deadline:
			require.Failf(t, "events missing", "got %d of %d: %v", len(got), n, got)
		}
	}
	return got
}

func relayed(t *testing.T, nats bus.Endpoint, entries ...bus.Entry) *outbox {
	t.Helper()
	box := newOutbox(entries...)
	r := bus.NewRelay(box, nats, bus.RelayConfig{}, discard())
	start(t, r)
	flush(t, r)
	return box
}

func TestWatchShowsWhatHappensSinceATime(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	box := relayed(t, nats, calls(t, "a", 50)...)
	ids := watch(t, nats, bus.WatchOptions{Since: time.Now().Add(-time.Hour)})
	assert.Equal(t, box.ids(), receive(t, ids, 50))
	box.add(calls(t, "b", 3)...)
	assert.Equal(t, []string{"b.1", "b.2", "b.3"}, receive(t, ids, 3))
}

func TestWatchFromNowOnShowsOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	box := relayed(t, nats, calls(t, "a", 50)...)
	ids := watch(t, nats, bus.WatchOptions{})
	// Nothing says when Watch has begun, so publish events until it shows one.
	var first string
	for n := 1; first == ""; n++ {
		entry := calls(t, "b", n)[n-1]
		box.add(entry)
		select {
		case first = <-ids:
		case <-time.After(10 * time.Millisecond):
		}
	}
	assert.Contains(t, first, "b.")
}

func TestWatchShowsOnlyTheSubjectsAskedFor(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	entries := calls(t, "a", 3)
	entries[1].Subject = "countersign.v1.retail.routed"
	relayed(t, nats, entries...)
	ids := watch(t, nats,
		bus.WatchOptions{Since: time.Now().Add(-time.Hour),
			Subjects: []string{"countersign.v1.*.verified", "countersign.v1.*.failed"}})
	assert.Equal(t, []string{"a.1", "a.3"}, receive(t, ids, 2))
}

func TestWatchRefusesASubjectThatIsNotOurs(t *testing.T) {
	t.Parallel()
	err := bus.Watch(t.Context(), external(t, "nats://127.0.0.1:1"),
		bus.WatchOptions{Subjects: []string{"crm.>"}, Log: discard()}, func(event.Event) {})
	assert.ErrorContains(t, err, `"crm.>"`)
}

func TestWatchTellsNewerEventsFromDamagedOnes(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	entries := calls(t, "a", 4)
	entries[1].Body = []byte(`{"specversion":"1.0","type":"countersign.v1.teleported","data":{}}`)
	entries[2].Body = []byte(`{"specversion":`)
	relayed(t, nats, entries...)
	skipped := make(chan error, 2)
	ids := watch(t, nats, bus.WatchOptions{Since: time.Now().Add(-time.Hour), Skipped: func(subject string, err error) {
		assert.Equal(t, "countersign.v1.retail.verified", subject)
		skipped <- err
	}})
	assert.Equal(t, []string{"a.1", "a.4"}, receive(t, ids, 2))
	var unknown *event.UnknownFactError
	require.ErrorAs(t, <-skipped, &unknown)
	assert.EqualValues(t, "teleported", unknown.Fact)
	assert.False(t, errors.As(<-skipped, &unknown))
}

func TestWatchGoesOnWhereItWasWhenTheServerComesBack(t *testing.T) {
	t.Parallel()
	dir, address := t.TempDir(), freeAddress(t)
	server := embeddedIn(t, dir, address)
	nats := external(t, server.URL())
	box := relayed(t, nats, calls(t, "a", 100)...)
	ids := watch(t, nats, bus.WatchOptions{Since: time.Now().Add(-time.Hour)})
	receive(t, ids, 100)

	server.Shutdown()
	box.add(calls(t, "b", 100)...)
	embeddedIn(t, dir, address)
	sameIDs(t, box.ids()[100:], receive(t, ids, 100))
}

func TestWatchBeginsAgainWithAStreamThatWasMadeAgain(t *testing.T) {
	t.Parallel()
	dir, address := t.TempDir(), freeAddress(t)
	server := embeddedIn(t, dir, address)
	nats := external(t, server.URL())
	box := relayed(t, nats, calls(t, "a", 100)...)
	ids := watch(t, nats, bus.WatchOptions{Since: time.Now().Add(-time.Hour)})
	receive(t, ids, 100)

	require.NoError(t, on(t, nats).DeleteStream(t.Context(), event.Stream))
	server.Shutdown()
	embeddedIn(t, dir, address)
	box.add(calls(t, "b", 3)...)
	sameIDs(t, []string{"b.1", "b.2", "b.3"}, receive(t, ids, 3))
}
