package bus_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/shared"
)

// watchLines hands over every view of the lines, until the end of the test.
func watchLines(t *testing.T, s *bus.State) (next func() map[string]shared.LineVersion) {
	t.Helper()
	seen := make(chan map[string]shared.LineVersion, 100)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Lines().Watch(ctx, func(lines []shared.LineVersion) {
			byName := map[string]shared.LineVersion{}
			for _, l := range lines {
				byName[l.Name] = l
			}
			seen <- byName
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return func() map[string]shared.LineVersion {
		t.Helper()
		select {
		case lines := <-seen:
			return lines
		case <-time.After(patience):
			require.Fail(t, "the lines were never seen")
			return nil
		}
	}
}

// A watcher must be able to tell a line that was removed from one that is lost.
func TestARemovalIsSeenAndALossIsAnAbsence(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	s := ready(t, state(t, nats, bus.StateOptions{}))
	ctx := t.Context()
	for _, name := range []string{"kept", "removed", "deleted", "lost", "damaged"} {
		_, err := s.Lines().Put(ctx, name, "x", by("ann", 0))
		require.NoError(t, err)
	}
	_, err := s.Lines().Remove(ctx, "removed", by("ann", 1))
	require.NoError(t, err)
	js := on(t, nats)
	kv, err := js.KeyValue(ctx, "lines")
	require.NoError(t, err)
	require.NoError(t, kv.Delete(ctx, "deleted"))
	_, err = kv.Put(ctx, "damaged", []byte("{half of"))
	require.NoError(t, err)
	stream, err := js.Stream(ctx, "KV_lines")
	require.NoError(t, err)
	require.NoError(t, stream.Purge(ctx, jetstream.WithPurgeSubject("$KV.lines.lost")))

	lines := watchLines(t, s)()
	assert.Equal(t, 1, lines["kept"].Version)
	assert.True(t, lines["removed"].Removed)
	assert.Equal(t, 2, lines["removed"].Version)
	assert.Equal(t, shared.LineVersion{Name: "deleted", Removed: true}, lines["deleted"])
	assert.NotContains(t, lines, "lost")
	assert.NotContains(t, lines, "damaged")
}

func TestALineIsPutBackOnlyWhereNATSHasLostIt(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	s := ready(t, state(t, nats, bus.StateOptions{}))
	js := on(t, nats)
	kv, err := js.KeyValue(t.Context(), "lines")
	require.NoError(t, err)
	stream, err := js.Stream(t.Context(), "KV_lines")
	require.NoError(t, err)
	put := func(name string, value string) {
		t.Helper()
		_, err := kv.Put(t.Context(), name, []byte(value))
		require.NoError(t, err)
	}
	for name, c := range map[string]struct {
		happens func(name string)
		want    bool
	}{
		"never-there": {func(string) {}, true},
		"purged": {func(name string) {
			put(name, `{"version":3,"yaml":"new"}`)
			require.NoError(t, stream.Purge(t.Context(), jetstream.WithPurgeSubject("$KV.lines."+name)))
		}, true},
		"older":      {func(name string) { put(name, `{"version":2,"yaml":"old"}`) }, true},
		"older-gone": {func(name string) { put(name, `{"version":2,"removed":true}`) }, true},
		"half":       {func(name string) { put(name, `{"version":3,"ya`) }, true},
		"no-version": {func(name string) { put(name, `{}`) }, true},
		"empty":      {func(name string) { put(name, ``) }, true},
		"same":       {func(name string) { put(name, `{"version":3,"yaml":"new"}`) }, false},
		"newer":      {func(name string) { put(name, `{"version":4,"yaml":"newer"}`) }, false},
		"removed":    {func(name string) { put(name, `{"version":4,"removed":true}`) }, false},
		"deleted": {func(name string) {
			put(name, `{"version":3,"yaml":"new"}`)
			require.NoError(t, kv.Delete(t.Context(), name))
		}, false},
	} {
		c.happens(name)
		known := shared.LineVersion{Name: name, Version: 3, YAML: "new"}
		done, err := s.Lines().PutBack(t.Context(), known)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, done, name)
		again, err := s.Lines().PutBack(t.Context(), known)
		require.NoError(t, err, name)
		assert.False(t, again, "%s: once is enough", name)
		if c.want {
			have, err := s.Lines().Get(t.Context(), name)
			require.NoError(t, err, name)
			assert.Equal(t, known, have, name)
		}
	}
	_, err = s.Lines().PutBack(t.Context(), shared.LineVersion{Name: "no line"})
	assert.ErrorContains(t, err, "cannot be the name of a line")
}

func TestABucketThatIsDeletedIsMadeAnewAndSaid(t *testing.T) {
	t.Parallel()
	n := embedded(t).Endpoint()
	lost := make(chan string, 100)
	s := ready(t, state(t, n, bus.StateOptions{Lost: func(what string) { lost <- what }}))
	require.Empty(t, lost, "a first start has lost nothing")
	js := on(t, n)
	for _, bucket := range []string{"guard", "calls", "lines"} {
		require.NoError(t, js.DeleteStream(t.Context(), "KV_"+bucket))
	}
	_, _, err := s.Guard().Get(t.Context(), "x")
	require.Error(t, err)
	all := map[string]bool{}
	for len(all) < 3 {
		select {
		case what := <-lost:
			all[what] = true
		case <-time.After(patience):
			require.Fail(t, "not said", "only %v", all)
		}
	}
	assert.Equal(t, map[string]bool{"bucket guard": true, "bucket calls": true, "bucket lines": true}, all)
}

func TestWhoeverHadSharedStateBeforeIsToldOfAnEmptyNATS(t *testing.T) {
	t.Parallel()
	n := embedded(t).Endpoint()
	lost := make(chan string, 100)
	ready(t, state(t, n, bus.StateOptions{Expected: true, Lost: func(what string) { lost <- what }}))
	all := []string{<-lost, <-lost, <-lost}
	assert.ElementsMatch(t, []string{"bucket guard", "bucket calls", "bucket lines"}, all)
	ready(t, state(t, n, bus.StateOptions{Expected: true, Lost: func(what string) { lost <- what }}))
	assert.Empty(t, lost, "the next one finds them")
}

func TestAStreamThatIsDeletedIsMadeAnewAndSaid(t *testing.T) {
	t.Parallel()
	n := embedded(t).Endpoint()
	lost := make(chan string, 100)
	out := newOutbox()
	r := bus.NewRelay(out, n, bus.RelayConfig{Lost: func(what string) { lost <- what }}, discard())
	start(t, r)
	out.add(calls(t, "a", 3)...)
	flush(t, r)
	require.Empty(t, lost, "a first start has lost nothing")
	js := on(t, n)
	require.NoError(t, js.DeleteStream(t.Context(), "COUNTERSIGN"))
	out.add(calls(t, "b", 3)...)
	flush(t, r)
	assert.Equal(t, "stream COUNTERSIGN", <-lost)
	assert.Equal(t, []string{"b.1", "b.2", "b.3"}, inStream(t, js))
}
