package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
	"countersign/session/shared"
)

func by(author string, expected int) bus.Change {
	return bus.Change{Author: author, ExpectedVersion: expected, Summary: []string{"level: 1 → 2"}}
}

func TestALineHasVersionsAndAHistory(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	ctx, lines := t.Context(), ready(t, state(t, nats, bus.StateOptions{Node: "a"})).Lines()
	_, err := lines.Get(ctx, "retail")
	require.ErrorIs(t, err, shared.ErrNotFound)

	first, err := lines.Put(ctx, "retail", "one", bus.Change{Author: "ann", Comment: "new"})
	require.NoError(t, err)
	assert.Equal(t, 1, first.Version)
	_, err = lines.Put(ctx, "retail", "two", by("bob", 1))
	require.NoError(t, err)
	back, err := lines.Put(ctx, "retail", "one", bus.Change{Author: "ann", ExpectedVersion: 2, RolledBackTo: 1})
	require.NoError(t, err)
	got, err := lines.Get(ctx, "retail")
	require.NoError(t, err)
	assert.Equal(t, back, got)

	_, err = lines.Remove(ctx, "retail", by("bob", 3))
	require.NoError(t, err)
	_, err = lines.Get(ctx, "retail")
	require.ErrorIs(t, err, shared.ErrNotFound)
	all, err := lines.All(ctx)
	require.NoError(t, err)
	assert.Empty(t, all)

	again, err := lines.Put(ctx, "retail", "five", by("ann", 0))
	require.NoError(t, err)
	assert.Equal(t, 5, again.Version, "the count goes on")
	_, err = lines.Put(ctx, "cards", "cards", by("ann", 0))
	require.NoError(t, err)
	all, err = lines.All(ctx)
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, "cards", all[0].Name)

	history, err := lines.History(ctx, "retail")
	require.NoError(t, err)
	var story []string
	for _, v := range history {
		story = append(story, fmt.Sprint(v.Version, v.YAML, v.Author, v.RolledBackTo, v.Removed))
	}
	assert.Equal(t, []string{"5fiveann0 false", "4bob0 true", "3oneann1 false", "2twobob0 false", "1oneann0 false"}, story)
	assert.Equal(t, []string{"line-retail.1", "line-retail.2", "line-retail.3", "line-retail.4", "line-retail.5",
		"line-cards.1"}, inStream(t, on(t, nats)))
}

func TestTheHistoryEndsAfter64Versions(t *testing.T) {
	t.Parallel()
	lines := ready(t, state(t, embedded(t).Endpoint(), bus.StateOptions{})).Lines()
	for v := range 70 {
		_, err := lines.Put(t.Context(), "retail", "x", by("ann", v))
		require.NoError(t, err)
	}
	history, err := lines.History(t.Context(), "retail")
	require.NoError(t, err)
	require.Len(t, history, 64)
	assert.Equal(t, 70, history[0].Version)
}

func TestWhoChangesAnOldVersionIsToldWhoWasFaster(t *testing.T) {
	t.Parallel()
	ctx, lines := t.Context(), ready(t, state(t, embedded(t).Endpoint(), bus.StateOptions{})).Lines()
	_, err := lines.Put(ctx, "retail", "one", by("ann", 0))
	require.NoError(t, err)
	_, err = lines.Put(ctx, "retail", "two", by("bob", 1))
	require.NoError(t, err)
	for name, test := range map[string]struct {
		expected int
		says     []string
	}{
		"an old version": {1, []string{"changed by bob", "version 2", "version 1", "try again"}},
		"a new line":     {0, []string{"exists already", "bob"}},
	} {
		_, err := lines.Put(ctx, "retail", "three", by("cy", test.expected))
		var conflict *bus.ConflictError
		require.ErrorAs(t, err, &conflict, name)
		assert.Equal(t, "two", conflict.Have.YAML)
		for _, part := range test.says {
			assert.ErrorContains(t, err, part, name)
		}
	}
	_, err = lines.Put(ctx, "other", "x", by("cy", 3))
	assert.ErrorContains(t, err, "does not exist (any more)")
	_, err = lines.Put(ctx, "retail", "x", by("cy", -1))
	assert.ErrorContains(t, err, "is missing")
	_, err = lines.Remove(ctx, "retail", by("cy", 0))
	assert.ErrorContains(t, err, "is missing")
	_, err = lines.Put(ctx, "retail", strings.Repeat("x", 600<<10), by("cy", 2))
	assert.ErrorContains(t, err, "bytes")
	for _, name := range []string{"", "Retail", "-a", "a.b", "a b", "ä", strings.Repeat("a", 64)} {
		_, err := lines.Put(ctx, name, "x", by("cy", 0))
		assert.ErrorContains(t, err, "cannot be the name of a line", name)
	}
}

func TestOfManyWhoChangeTheSameVersionOneWins(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	one, two := ready(t, state(t, nats, bus.StateOptions{})).Lines(), ready(t, state(t, nats, bus.StateOptions{})).Lines()
	var won, lost atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			lines := []*bus.Lines{one, two}[i%2]
			_, err := lines.Put(t.Context(), "retail", fmt.Sprint(i), by("ann", 0))
			var conflict *bus.ConflictError
			switch {
			case err == nil:
				won.Add(1)
			case errors.As(err, &conflict):
				lost.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, won.Load())
	assert.EqualValues(t, 19, lost.Load())
}

func TestAChangeThatCannotBeAnnouncedStandsAndSaysSo(t *testing.T) {
	t.Parallel()
	n := embedded(t).Endpoint()
	js := on(t, n)
	// The stream is full and refuses new messages.
	_, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: event.Stream, Subjects: []string{event.Subjects}, MaxMsgs: 1, Discard: jetstream.DiscardNew,
	})
	require.NoError(t, err)
	_, err = js.Publish(t.Context(), "countersign.v1.x.verified", nil)
	require.NoError(t, err)
	lines := ready(t, state(t, n, bus.StateOptions{})).Lines()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = js.Conn().Subscribe(event.Subject("retail", event.FactConfigChanged),
		func(*nats.Msg) { cancel() }) // an attempt was made
	require.NoError(t, err)
	require.NoError(t, js.Conn().Flush())
	stored, err := lines.Put(ctx, "retail", "one", by("ann", 0))
	require.ErrorIs(t, err, bus.ErrNotAnnounced)
	assert.Equal(t, 1, stored.Version)
	got, err := lines.Get(t.Context(), "retail")
	require.NoError(t, err)
	assert.Equal(t, "one", got.YAML)
}

func TestWhoeverWatchesTheLinesSeesThemAllAndEveryChangeOverARestart(t *testing.T) {
	t.Parallel()
	dir, address := t.TempDir(), freeAddress(t)
	first := embeddedIn(t, dir, address)
	nats := external(t, first.URL())
	s := ready(t, state(t, nats, bus.StateOptions{}))
	seen := make(chan string, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Lines().Watch(ctx, func(lines []shared.LineVersion) {
			var names []string
			for _, l := range lines {
				if !l.Removed {
					names = append(names, fmt.Sprint(l.Name, l.Version))
				}
			}
			seen <- strings.Join(names, " ")
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	until := func(want string) {
		t.Helper()
		deadline := time.After(patience)
		for {
			select {
			case got := <-seen:
				if got == want {
					return
				}
			case <-deadline:
				require.Fail(t, "never seen", want)
			}
		}
	}
	// changed retries until the line has that version, or is gone; an attempt may have succeeded although its answer
	// was lost.
	changed := func(version int, change func() error) {
		t.Helper()
		require.Eventually(t, func() bool {
			err := change()
			var conflict *bus.ConflictError
			return err == nil || errors.Is(err, bus.ErrNotAnnounced) ||
				errors.As(err, &conflict) && conflict.Have.Version == version
		}, patience, 10*time.Millisecond)
	}
	put := func(name string, expected, version int) {
		t.Helper()
		changed(version, func() error { _, err := s.Lines().Put(t.Context(), name, "x", by("ann", expected)); return err })
	}
	until("")
	put("retail", 0, 1)
	until("retail1")
	put("cards", 0, 1)
	until("cards1 retail1")
	const gone = 0
	changed(gone, func() error { _, err := s.Lines().Remove(t.Context(), "retail", by("ann", 1)); return err })
	until("cards1")
	first.Shutdown()
	embeddedIn(t, dir, address)
	put("cards", 1, 2)
	until("cards2")
	kv, err := on(t, nats).KeyValue(t.Context(), "lines")
	require.NoError(t, err)
	require.NoError(t, kv.Delete(t.Context(), "cards"))
	until("")
	put("cards", 0, 3)
	until("cards3")
}
