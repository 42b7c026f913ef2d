package bus_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

// batches counts the events of the stream that came in a batch, and their batches.
func batches(t *testing.T, nats *bus.Embedded) (events, all int) {
	t.Helper()
	stream, err := on(t, nats.Endpoint()).Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	ids := map[string]bool{}
	for seq := uint64(1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
		msg, err := stream.GetMsg(t.Context(), seq)
		require.NoError(t, err)
		if id := msg.Header.Get("Nats-Batch-Id"); id != "" {
			events++
			ids[id] = true
		}
	}
	return events, len(ids)
}

func TestTheEmbeddedNATSStoresWindowsAtOnce(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	box := newOutbox(calls(t, "a", 1000)...)
	r := bus.NewRelay(box, nats.Endpoint(), bus.RelayConfig{}, discard())
	start(t, r)
	flush(t, r)
	sameIDs(t, box.ids(), inStream(t, on(t, nats.Endpoint())))
	assert.EqualValues(t, 1000, r.Status().Published)
	events, all := batches(t, nats)
	assert.Positive(t, events)
	assert.GreaterOrEqual(t, events, 64*all, "small windows are sent one by one")
}

func TestAStreamOfAnEarlierVersionTakesWindowsAtOnceUnlessAnOperatorSaysNo(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	publish := func(call string) {
		r := bus.NewRelay(newOutbox(calls(t, call, 1000)...), nats.Endpoint(), bus.RelayConfig{}, discard())
		stop := start(t, r)
		flush(t, r)
		stop()
	}
	publish("a")
	before, _ := batches(t, nats)
	require.Positive(t, before)
	js := on(t, nats.Endpoint())
	stream, err := js.Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	config := stream.CachedInfo().Config
	require.True(t, config.AllowAtomicPublish)
	config.AllowAtomicPublish = false
	_, err = js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	publish("b")
	events, _ := batches(t, nats)
	assert.Equal(t, before, events, "an operator's setting stays")

	delete(config.Metadata, "countersign.allow_atomic")
	_, err = js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	publish("c")
	events, _ = batches(t, nats)
	assert.Greater(t, events, before)
}

// A batch with one event that cannot be stored is refused as a whole; the others are stored all the same, in order.
func TestABatchThatIsRefusedLosesNothing(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	first := newOutbox(calls(t, "a", 500)...)
	r := bus.NewRelay(first, nats.Endpoint(), bus.RelayConfig{}, discard())
	stop := start(t, r)
	flush(t, r)
	stop()

	again := first.entries[499] // in the stream, and NATS knows its id
	again.N = 0
	box := newOutbox(append(calls(t, "b", 200), again)...)
	box.add(calls(t, "c", 200)...)
	r = bus.NewRelay(box, nats.Endpoint(), bus.RelayConfig{}, discard())
	start(t, r)
	flush(t, r)
	want := append(first.ids(), without(again.ID, box.ids())...)
	sameIDs(t, want, inStream(t, on(t, nats.Endpoint())))
	assert.EqualValues(t, 401, box.published())
}
