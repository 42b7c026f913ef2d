package bus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

func state(t testing.TB, nats bus.Endpoint, o bus.StateOptions) *bus.State {
	t.Helper()
	if o.Log == nil {
		o.Log = discard()
	}
	if o.Within == 0 {
		o.Within = patience // so that a slow disk does not pass for an outage
	}
	s, err := bus.OpenState(nats, o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func ready(t testing.TB, s *bus.State) *bus.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, s.Ready(ctx))
	return s
}

func TestABucketIsChangedByWhoHasSeenItsLastValue(t *testing.T) {
	t.Parallel()
	ctx, b := t.Context(), ready(t, state(t, embedded(t).Endpoint(), bus.StateOptions{})).Guard()
	_, _, err := b.Get(ctx, "a.b")
	require.ErrorIs(t, err, shared.ErrNotFound)

	first, err := b.Create(ctx, "a.b", []byte("1"), 0)
	require.NoError(t, err)
	_, err = b.Create(ctx, "a.b", []byte("2"), 0)
	require.ErrorIs(t, err, shared.ErrConflict)
	second, err := b.Update(ctx, "a.b", []byte("2"), first, 0)
	require.NoError(t, err)
	_, err = b.Update(ctx, "a.b", []byte("3"), first, 0)
	require.ErrorIs(t, err, shared.ErrConflict)
	value, revision, err := b.Get(ctx, "a.b")
	require.NoError(t, err)
	assert.Equal(t, "2", string(value))
	assert.Equal(t, second, revision)

	require.NoError(t, b.Delete(ctx, "a.b"))
	require.NoError(t, b.Delete(ctx, "never"))
	_, _, err = b.Get(ctx, "a.b")
	require.ErrorIs(t, err, shared.ErrNotFound)
	_, err = b.Create(ctx, "a.b", []byte("4"), 0)
	require.NoError(t, err, "a deleted key can be created again")

	_, err = b.Put(ctx, "a.c", []byte("5"), 0)
	require.NoError(t, err)
	_, err = b.Put(ctx, "b", []byte("6"), 0)
	require.NoError(t, err)
	all, err := b.All(ctx, "a")
	require.NoError(t, err)
	assert.Equal(t, map[string][]byte{"a.b": []byte("4"), "a.c": []byte("5")}, all)
	for _, key := range []string{"", ".a", "a.", "a..b", "a b", "*", "a.>", "ä"} {
		_, err := b.Put(ctx, key, nil, 0)
		assert.ErrorContains(t, err, "is no key", key)
	}
}

func TestABucketIsOneThatTheNATSToolsRead(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	b := ready(t, state(t, nats, bus.StateOptions{})).Guard()
	_, err := b.Put(t.Context(), "a", []byte("1"), 0)
	require.NoError(t, err)
	kv, err := on(t, nats).KeyValue(t.Context(), "guard")
	require.NoError(t, err)
	e, err := kv.Get(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, "1", string(e.Value()))
	require.NoError(t, kv.Purge(t.Context(), "a"))
	_, _, err = b.Get(t.Context(), "a")
	require.ErrorIs(t, err, shared.ErrNotFound)
	_, err = b.Create(t.Context(), "a", []byte("2"), 0)
	require.NoError(t, err)
}

func TestAKeyIsKeptAsLongAsItWasAskedFor(t *testing.T) {
	t.Parallel()
	ctx, b := t.Context(), ready(t, state(t, embedded(t).Endpoint(), bus.StateOptions{GuardTTL: 2 * time.Second})).Guard()
	for key, keep := range map[string]time.Duration{
		"short": time.Second, "default": shared.ByDefault, "longer": time.Hour, "forever": shared.Forever,
	} {
		_, err := b.Create(ctx, key, []byte("x"), keep)
		require.NoError(t, err)
	}
	gone := func(key string) func() bool {
		return func() bool { _, _, err := b.Get(ctx, key); return err != nil }
	}
	require.Eventually(t, gone("short"), patience, 10*time.Millisecond)
	require.Eventually(t, gone("default"), patience, 10*time.Millisecond)
	assert.False(t, gone("forever")(), "a lock that only staff may lift outlives the bucket's time")
	_, err := b.Create(ctx, "short", []byte("y"), 0)
	require.NoError(t, err)
}

func TestTheBucketsAreMadeAsPolicySaysAndKeepWhatAnOperatorChanged(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	js := on(t, nats)
	config := func(bucket string) jetstream.StreamConfig {
		s, err := js.Stream(t.Context(), "KV_"+bucket)
		require.NoError(t, err)
		return s.CachedInfo().Config
	}
	ready(t, state(t, nats, bus.StateOptions{}))
	assert.Zero(t, config("guard").MaxAge, "what must last is not where it can run out")
	assert.True(t, config("guard").AllowMsgTTL)
	assert.Equal(t, day, config("calls").MaxAge)
	assert.Zero(t, config("lines").MaxAge)
	assert.EqualValues(t, 64, config("lines").MaxMsgsPerSubject)
	for _, bucket := range []string{"guard", "calls", "lines"} {
		assert.Equal(t, jetstream.FileStorage, config(bucket).Storage)
		assert.Equal(t, 1, config(bucket).Replicas)
	}

	c := config("calls")
	c.MaxAge, c.MaxBytes = 7*day, 1<<30
	_, err := js.UpdateStream(t.Context(), c)
	require.NoError(t, err)
	ready(t, state(t, nats, bus.StateOptions{CallsTTL: time.Hour}))
	assert.Equal(t, 7*day, config("calls").MaxAge, "the operator's")
	assert.EqualValues(t, 1<<30, config("calls").MaxBytes)
}

func TestWhileNATSIsAwayTheStateSaysSoAtOnceAndIsThereAgainAfterwards(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	url := "nats://" + address
	logged := &logLines{}
	s := state(t, external(t, url), bus.StateOptions{Log: slog.New(logged), Within: patience / 10})
	away := func() {
		t.Helper()
		began := time.Now()
		for range 100 {
			_, _, err := s.Guard().Get(t.Context(), "a")
			require.ErrorIs(t, err, bus.ErrAway)
			_, err = s.Guard().Put(t.Context(), "a", nil, 0)
			require.ErrorIs(t, err, bus.ErrAway)
		}
		assert.Less(t, time.Since(began), patience/10, "none of them waits")
	}
	away()
	waiting, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Ready(waiting), bus.ErrAway)

	second := embeddedIn(t, t.TempDir(), address)
	ready(t, s)
	_, err := s.Guard().Put(t.Context(), "a", []byte("1"), 0)
	require.NoError(t, err)
	second.Shutdown()
	require.Eventually(t, func() bool { _, _, err := s.Guard().Get(t.Context(), "a"); return err != nil }, patience,
		time.Millisecond)
	away()

	embeddedIn(t, t.TempDir(), address) // with a new, empty disk
	js := on(t, external(t, url))
	require.Eventually(t, func() bool {
		_, guardErr := s.Guard().Put(t.Context(), "a", []byte("2"), 0)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, linesErr := js.Stream(ctx, "KV_lines") // the last one that keep creates
		return guardErr == nil && linesErr == nil
	}, patience, 10*time.Millisecond)
	assert.Zero(t, logged.with("ERROR"))
}

func TestACallIsRememberedOnAllMachines(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	one, two := ready(t, state(t, nats, bus.StateOptions{})).Calls(), ready(t, state(t, nats, bus.StateOptions{})).Calls()
	known := session.Known{Call: "0197-a", First: "0197-a", Channel: "c", Line: "retail",
		Decided: time.Now().UTC().Truncate(0),
		Proven: session.Proven{Customer: "100042", Methods: []event.Method{event.MethodPIN},
			Proofs: []session.Proof{{Factor: session.Knowledge, Method: event.MethodPIN}}}}
	require.NoError(t, one.Remember(t.Context(), known))
	got, ok, err := two.Recall(t.Context(), "0197-a")
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, known, got)
	_, ok, err = two.Recall(t.Context(), "0197-b")
	require.NoError(t, err)
	assert.False(t, ok)
	assert.Error(t, one.Remember(t.Context(), session.Known{Call: "a.b"}))
}

func FuzzRecallOfWhatFreeSWITCHSays(f *testing.F) {
	calls := ready(f, state(f, embedded(f).Endpoint(), bus.StateOptions{})).Calls()
	for _, seed := range []string{"", "a", "*", ">", "a.>", "a b", "\r\n", "a..b", "0197-a", "../x", "ä"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, call string) {
		_, ok, err := calls.Recall(context.Background(), call)
		if ok || err != nil {
			t.Fatal(call, ok, err)
		}
	})
}

func TestAnEventAboutNoCallIsInTheStreamOnce(t *testing.T) {
	t.Parallel()
	nats := embedded(t).Endpoint()
	s := ready(t, state(t, nats, bus.StateOptions{}))
	e := event.Event{ID: "alarm-retail-1.1", Source: "/countersign/a", Time: time.Now(), Call: "alarm-retail-1", Seq: 1,
		Line: "retail", LineVersion: 3,
		Data: event.Alarm{Kind: event.AlarmFailureRate, Calls: 30, Failures: 20, Seconds: 300}}
	require.NoError(t, s.Publish(t.Context(), e))
	require.NoError(t, s.Publish(t.Context(), e))
	assert.Equal(t, []string{e.ID}, inStream(t, on(t, nats)))
	last, err := on(t, nats).Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	msg, err := last.GetLastMsgForSubject(t.Context(), "countersign.v1.retail.alarm")
	require.NoError(t, err)
	var got event.Event
	require.NoError(t, json.Unmarshal(msg.Data, &got))
	assert.Equal(t, e.Data, got.Data)
}

func BenchmarkPutInAnEmbeddedBucket(b *testing.B) {
	bucket := ready(b, state(b, embedded(b).Endpoint(), bus.StateOptions{})).Guard()
	for i := 0; b.Loop(); i++ {
		_, err := bucket.Put(b.Context(), fmt.Sprint("k", i%100), []byte("x"), 0)
		require.NoError(b, err)
	}
}

func TestManyKeysAreReadTogether(t *testing.T) {
	t.Parallel()
	const keys = 1000
	nats := embedded(t).Endpoint()
	ctx, b := t.Context(), ready(t, state(t, nats, bus.StateOptions{Key: make([]byte, 32)})).Guard()
	want := map[string][]byte{}
	for n := range keys {
		key := fmt.Sprintf("token.%d", n) // those are sealed
		want[key] = []byte(strconv.Itoa(n))
		_, err := b.Put(ctx, key, want[key], 0)
		require.NoError(t, err)
	}
	require.NoError(t, b.Delete(ctx, "token.7"))
	delete(want, "token.7")
	_, err := b.Put(ctx, "token.8", []byte("newer"), 0)
	require.NoError(t, err)
	want["token.8"] = []byte("newer")
	_, err = b.Put(ctx, "other.1", nil, 0)
	require.NoError(t, err)

	watcher := on(t, nats).Conn()
	requests, err := watcher.SubscribeSync("$JS.API.>")
	require.NoError(t, err)
	require.NoError(t, watcher.Flush())
	all, err := b.All(ctx, "token")
	require.NoError(t, err)
	assert.Equal(t, want, all)
	require.NoError(t, watcher.Flush())
	asked, _, err := requests.Pending()
	require.NoError(t, err)
	assert.Positive(t, asked)
	assert.Less(t, asked, 10, "a network adds its delay to each request")
}
