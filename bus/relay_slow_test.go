package bus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/event"
)

// slowNATS is a NATS whose JetStream is played by the test: it confirms events after a time, and notes each that a
// subscriber sees.
type slowNATS struct {
	url  string
	mu   sync.Mutex
	seen []string
}

func newSlowNATS(t *testing.T, confirmAfter time.Duration) *slowNATS {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	require.True(t, s.ReadyForConnections(patience))
	conn, err := nats.Connect(s.ClientURL())
	require.NoError(t, err)
	t.Cleanup(func() { closeAndWait(conn) })
	answer := func(subject string, body any) {
		text, err := json.Marshal(body)
		require.NoError(t, err)
		_, err = conn.Subscribe(subject, func(m *nats.Msg) { _ = m.Respond(text) })
		require.NoError(t, err)
	}
	config := jetstream.StreamConfig{Name: event.Stream, Subjects: []string{event.Subjects}, Replicas: 1}
	answer("$JS.API.STREAM.INFO."+event.Stream, jetstream.StreamInfo{Config: config})
	answer("$JS.API.CONSUMER.CREATE."+event.Stream+".>", jetstream.ConsumerInfo{Stream: event.Stream, Name: "scan"})
	answer("$JS.API.CONSUMER.DELETE."+event.Stream+".*", map[string]bool{"success": true})
	n := &slowNATS{url: s.ClientURL()}
	_, err = conn.Subscribe(event.Subjects, func(m *nats.Msg) {
		n.mu.Lock()
		n.seen = append(n.seen, m.Header.Get(jetstream.MsgIDHeader))
		ack := fmt.Sprintf(`{"stream":%q,"seq":%d}`, event.Stream, len(n.seen))
		n.mu.Unlock()
		time.AfterFunc(confirmAfter, func() { _ = m.Respond([]byte(ack)) })
	})
	require.NoError(t, err)
	require.NoError(t, conn.Flush())
	return n
}

func (n *slowNATS) ids() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.seen...)
}

func TestASlowNATSIsWaitedForAndSubscribersSeeEachEventOnce(t *testing.T) {
	t.Parallel()
	n := newSlowNATS(t, 2*time.Second)
	r := bus.NewRelay(newOutbox(calls(t, "a", 20)...), external(t, n.url),
		bus.RelayConfig{AckWait: 200 * time.Millisecond}, discard())
	start(t, r)
	flush(t, r)
	var want []string
	for i := range 20 {
		want = append(want, event.ID("a", i+1))
	}
	assert.Equal(t, want, n.ids())
	assert.EqualValues(t, 20, r.Status().Published)
	assert.Empty(t, r.Status().LastError)
}

// A slow NATS would be busy with a large window for so long that it seems to store nothing.
func TestTheFirstWindowOverAConnectionIsSmall(t *testing.T) {
	t.Parallel()
	n := newSlowNATS(t, 10*time.Millisecond)
	o := newOutbox(calls(t, "a", 450)...)
	var first sync.Once
	o.before(func(upTo int64) error {
		first.Do(func() {
			assert.EqualValues(t, 16, upTo)
			assert.Len(t, n.ids(), 16, "the others wait until these are confirmed")
			assert.EqualValues(t, 16, o.handedOut(), "the relay has not even read them")
		})
		return nil
	})
	r := bus.NewRelay(o, external(t, n.url), bus.RelayConfig{}, discard())
	start(t, r)
	flush(t, r)
	assert.Len(t, n.ids(), 450)
}

func TestAnEventThatIsConfirmedLateIsPublishedOnce(t *testing.T) {
	t.Parallel()
	n := newSlowNATS(t, 2500*time.Millisecond)
	conn := external(t, n.url)
	s := state(t, conn, bus.StateOptions{})
	e := event.Event{
		ID: event.ID("line-retail", 1), Source: "/countersign/test", Time: time.Now(), Call: "line-retail", Seq: 1,
		Line: "retail", LineVersion: 1, Data: event.ConfigChanged{Author: "ann", Summary: []string{}},
	}
	require.Eventually(t, func() bool { // once it is connected
		return !strings.Contains(fmt.Sprint(s.Publish(context.Background(), e)), bus.ErrAway.Error())
	}, patience, time.Millisecond)
	assert.Equal(t, []string{"line-retail.1"}, n.ids())
}
