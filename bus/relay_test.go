package bus_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

func TestEventsReachTheStreamInOrderWhileMoreAreWritten(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	box := newOutbox()
	r := bus.NewRelay(box, nats.Endpoint(), bus.RelayConfig{AckWait: patience}, discard())
	start(t, r)

	entries := calls(t, "a", 2000)
	for len(entries) > 0 {
		n := min(len(entries), 7)
		box.add(entries[:n]...)
		entries = entries[n:]
	}
	flush(t, r)

	sameIDs(t, box.ids(), inStream(t, on(t, nats.Endpoint())))
	assert.EqualValues(t, 2000, box.published())
	status := r.Status()
	assert.True(t, status.Connected)
	assert.EqualValues(t, 2000, status.Published)
	assert.Empty(t, status.LastError)
	assert.WithinDuration(t, time.Now(), status.LastPublish, patience)
}

func TestAMessageIsACloudEventWithItsIDInTheHeader(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	entry := calls(t, "a", 1)[0]
	r := bus.NewRelay(newOutbox(entry), nats.Endpoint(), bus.RelayConfig{}, discard())
	start(t, r)
	flush(t, r)

	stream, err := on(t, nats.Endpoint()).Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	msg, err := stream.GetMsg(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, "countersign.v1.retail.verified", msg.Subject)
	assert.Equal(t, entry.Body, msg.Data)
	assert.Equal(t, entry.ID, msg.Header.Get("Nats-Msg-Id"))
	assert.Equal(t, "application/cloudevents+json", msg.Header.Get("Content-Type"))
}

func TestEventsWaitForANATSThatComesLater(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	lines := &logLines{}
	box := newOutbox(calls(t, "a", 10)...)
	r := bus.NewRelay(box, external(t, "nats://"+address), bus.RelayConfig{AckWait: patience}, slog.New(lines))
	start(t, r)
	require.Eventually(t, func() bool { return r.Status().LastError != "" }, patience, time.Millisecond)
	assert.False(t, r.Status().Connected)

	nats := embeddedIn(t, t.TempDir(), address)
	flush(t, r)
	sameIDs(t, box.ids(), inStream(t, on(t, nats.Endpoint())))
	assert.True(t, r.Status().Connected)
	assert.Equal(t, 1, lines.with("WARN nats away"), "one line for each change, not for each attempt")
	assert.Equal(t, 1, lines.with("INFO nats connected"))
}

func TestEventsAreInTheStreamOnceAndInOrderWhenTheServerStopsInMidBatch(t *testing.T) {
	t.Parallel()
	dir, address := t.TempDir(), freeAddress(t)
	nats := embeddedIn(t, dir, address)
	box := newOutbox(calls(t, "a", 2000)...)
	reached, down := make(chan struct{}, 1), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(down) })
	defer goOn()
	box.before(func(upTo int64) error {
		if upTo > 1600 {
			<-down // so that the server stops before the end, even on a slow machine
		}
		if upTo > 400 {
			select {
			case reached <- struct{}{}:
			default:
			}
		}
		return nil
	})
	r := bus.NewRelay(box, external(t, nats.URL()), bus.RelayConfig{Batch: 200}, discard())
	start(t, r)

	<-reached
	nats.Shutdown()
	goOn()
	require.Less(t, box.published(), int64(2000), "the server must stop before the end")
	nats = embeddedIn(t, dir, address)
	flush(t, r)
	sameIDs(t, box.ids(), inStream(t, on(t, nats.Endpoint())))
	assert.NotEmpty(t, r.Status().LastError)
}

func TestARelayKilledBeforeItMarksSendsNothingTwice(t *testing.T) {
	t.Parallel()
	for name, window := range map[string]time.Duration{
		"while NATS remembers the ids":     10 * time.Minute,
		"after NATS has forgotten the ids": 100 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nats := embedded(t)
			js := on(t, nats.Endpoint())
			config := bus.RelayConfig{Batch: 50, Stream: bus.StreamConfig{Duplicates: window}}
			box := newOutbox(calls(t, "a", 500)...)

			tried := make(chan struct{}, 1)
			box.before(func(upTo int64) error {
				if upTo <= 100 {
					return nil
				}
				select {
				case tried <- struct{}{}:
				default:
				}
				return errors.New("killed before it could mark")
			})
			stop := start(t, bus.NewRelay(box, nats.Endpoint(), config, discard()))
			<-tried
			stop()
			marked := box.published()
			require.LessOrEqual(t, marked, int64(100))
			require.Greater(t, len(inStream(t, js)), int(marked), "some events are published but not marked")
			if window < time.Minute {
				waitUntilForgotten(t, js)
			}

			box.before(nil)
			again := bus.NewRelay(box, nats.Endpoint(), config, discard())
			start(t, again)
			flush(t, again)
			sameIDs(t, box.ids(), without("probe", inStream(t, js)))
		})
	}
}

func TestAnOutboxThatLostItsMarksSendsNothingTwice(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	js := on(t, nats.Endpoint())
	config := bus.RelayConfig{Batch: 50, Stream: bus.StreamConfig{Duplicates: 100 * time.Millisecond}}
	box := newOutbox(calls(t, "a", 320)...)
	r := bus.NewRelay(box, nats.Endpoint(), config, discard())
	stop := start(t, r)
	flush(t, r)
	stop()
	waitUntilForgotten(t, js)

	restored := newOutbox(append(box.entries, calls(t, "b", 70)...)...)
	again := bus.NewRelay(restored, nats.Endpoint(), config, discard())
	start(t, again)
	flush(t, again)
	sameIDs(t, restored.ids(), without("probe", inStream(t, js)))
	assert.EqualValues(t, 70, again.Status().Published)
}

// waitUntilForgotten returns when the stream takes an id a second time that is younger than all others in it.
func waitUntilForgotten(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	require.Eventually(t, func() bool {
		ack, err := js.Publish(t.Context(), "countersign.v1.test.probe", nil, jetstream.WithMsgID("probe"))
		return err == nil && !ack.Duplicate && countOf("probe", inStream(t, js)) > 1
	}, patience, 10*time.Millisecond)
}

func countOf(id string, ids []string) (n int) {
	for _, i := range ids {
		if i == id {
			n++
		}
	}
	return n
}

func without(id string, ids []string) (rest []string) {
	for _, i := range ids {
		if i != id {
			rest = append(rest, i)
		}
	}
	return rest
}

func TestSeveralRelaysOnOneStreamKeepTheOrderOfEach(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	boxes := []*outbox{newOutbox(calls(t, "a", 700)...), newOutbox(calls(t, "b", 700)...),
		newOutbox(calls(t, "c", 700)...)}
	var flushed sync.WaitGroup
	for _, box := range boxes {
		r := bus.NewRelay(box, nats.Endpoint(), bus.RelayConfig{}, discard())
		start(t, r)
		flushed.Go(func() { flush(t, r) })
	}
	flushed.Wait()

	byCall := map[byte][]string{}
	for _, id := range inStream(t, on(t, nats.Endpoint())) {
		byCall[id[0]] = append(byCall[id[0]], id)
	}
	for i, box := range boxes {
		sameIDs(t, box.ids(), byCall["abc"[i]])
	}
}

func TestARefusalThatPassesKeepsTheOrder(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	js := on(t, nats.Endpoint())
	small := jetstream.StreamConfig{Name: event.Stream, Subjects: []string{event.Subjects}, MaxBytes: 200_000,
		Discard: jetstream.DiscardNew}
	_, err := js.CreateStream(t.Context(), small)
	require.NoError(t, err)

	// One event does not fit, those after it would.
	entries := calls(t, "a", 100)
	entries[30].Body = make([]byte, 300_000)
	lines := &logLines{}
	box := newOutbox(entries...)
	r := bus.NewRelay(box, nats.Endpoint(), bus.RelayConfig{AckWait: patience}, slog.New(lines))
	start(t, r)
	require.Eventually(t, func() bool { return strings.Contains(r.Status().LastError, "maximum bytes exceeded") },
		patience, time.Millisecond)
	assert.EqualValues(t, 30, box.published())
	sameIDs(t, box.ids()[:30], inStream(t, js))

	small.MaxBytes = -1
	_, err = js.UpdateStream(t.Context(), small)
	require.NoError(t, err)
	flush(t, r)
	sameIDs(t, box.ids(), inStream(t, js))
	assert.Zero(t, lines.with("ERROR"))
}

func TestAnEventThatNATSCanNeverTakeHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	js := on(t, nats.Endpoint())
	_, err := js.CreateStream(t.Context(),
		jetstream.StreamConfig{Name: event.Stream, Subjects: []string{event.Subjects}, MaxMsgSize: 10_000})
	require.NoError(t, err)

	entries := calls(t, "a", 10)
	entries[2].Body = make([]byte, 20_000)    // over the stream's limit
	entries[5].Body = make([]byte, 2_000_000) // over the server's limit
	entries[7].Subject = "elsewhere.v1.retail.verified"
	entries[9].Subject = "countersign.v1.*.verified"
	lines := &logLines{}
	box := newOutbox(entries...)
	r := bus.NewRelay(box, nats.Endpoint(), bus.RelayConfig{}, slog.New(lines))
	start(t, r)
	flush(t, r)

	assert.Equal(t, []string{"a.1", "a.2", "a.4", "a.5", "a.7", "a.9"}, inStream(t, js))
	assert.EqualValues(t, 10, box.published())
	assert.EqualValues(t, 4, r.Status().Refused)
	assert.Equal(t, 4, lines.with("ERROR event refused by nats, it stays in the journal only event=a."))
}

func TestAnOutboxThatFailsIsAskedAgain(t *testing.T) {
	t.Parallel()
	nats := embedded(t)
	box := newOutbox(calls(t, "a", 20)...)
	failures := 2
	box.before(func(int64) error {
		if failures--; failures >= 0 {
			return errors.New("database is locked")
		}
		return nil
	})
	r := bus.NewRelay(box, nats.Endpoint(), bus.RelayConfig{AckWait: patience}, discard())
	start(t, r)
	flush(t, r)
	assert.EqualValues(t, 20, box.published())
	assert.Contains(t, r.Status().LastError, "database is locked")
	sameIDs(t, box.ids(), inStream(t, on(t, nats.Endpoint())))
}

func TestFlushGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	r := bus.NewRelay(newOutbox(), external(t, "nats://127.0.0.1:1"), bus.RelayConfig{}, discard())
	start(t, r)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, r.Flush(ctx), context.DeadlineExceeded)
}
