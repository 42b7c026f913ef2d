package bus_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session"
	"countersign/session/event"
	"countersign/session/shared"
)

var sealKey = []byte("0123456789abcdef0123456789abcdef")

// publishCall puts a call into the stream, with the customer in it.
func publishCall(t testing.TB, s *bus.State, call, customer string) {
	t.Helper()
	for i, d := range []event.Data{
		event.CallStarted{Channel: "ch", CallerLast4: "1820"},
		event.StepStarted{Step: "pin"}, event.StepFinished{Step: "pin", Result: event.StepPassed},
		event.Verified{Customer: customer, Name: "Quentin Zwiebelfisch", Status: event.StatusVerified, Level: 2},
		event.CallEnded{End: event.EndRouted, Status: event.StatusVerified, Level: 2, Customer: customer},
	} {
		require.NoError(t, s.Publish(t.Context(), event.Event{
			ID: event.ID(call, i+1), Source: "/countersign/test", Time: time.Now(),
			Call: call, Seq: i + 1, Line: "retail", Data: d,
		}))
	}
}

// holds are the files of a NATS that hold some text.
func holds(t testing.TB, dir, text string) (found []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			found = append(found, path)
		}
		return err
	}))
	return found
}

func TestACustomerIsErasedFromNATS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	nats := embeddedIn(t, dir, "127.0.0.1:0").Endpoint()
	s := state(t, nats, bus.StateOptions{Key: sealKey})
	ready(t, s)
	for i, customer := range []string{"C-1001", "C-1002", "C-1001", "C-1003"} {
		call := fmt.Sprint("call-", i)
		publishCall(t, s, call, customer)
		require.NoError(t, s.Calls().Remember(t.Context(),
			session.Known{Proven: session.Proven{Customer: customer}, Call: call}))
		_, err := s.Guard().Create(t.Context(), fmt.Sprint("token.", i), []byte(`{"customer":"`+customer+`","line":"*"}`),
			time.Hour)
		require.NoError(t, err)
	}
	_, err := s.Customers().Create(t.Context(), "passkeys.0", []byte(`{"customer":"C-1001","keys":[]}`), shared.Forever)
	require.NoError(t, err)
	_, err = s.Customers().Create(t.Context(), "passkeys.1", []byte(`{"customer":"C-1002","keys":[]}`), shared.Forever)
	require.NoError(t, err)
	// One is a used token, the other a call that names the customer in the journal only.
	_, err = s.Guard().Put(t.Context(), "token.0", []byte(`{"used":"2026-03-01T12:00:00Z"}`), time.Hour)
	require.NoError(t, err)
	for about, d := range map[string]event.Data{ // facts that belong to no call
		"callback-1": event.CallbackBooked{Callback: event.Callback{ID: "1", Customer: "C-1001"}},
		"alert-1":    event.AlertSent{Alert: event.Alert{ID: "1", Customer: "C-1001"}},
		"alarm-1":    event.Alarm{Kind: event.AlarmImpostor, Customer: "C-1001"},
	} {
		require.NoError(t, s.Publish(t.Context(), event.Event{
			ID: event.ID(about, 1), Source: "/countersign/test", Time: time.Now(), Call: about, Seq: 1, Line: "retail", Data: d,
		}))
	}
	require.NotEmpty(t, holds(t, dir, "C-1001"))
	told := 0
	e, err := s.Erase(t.Context(), "C-1001", []string{"call-3"}, func(done, of int) { told++; assert.Equal(t, 18, of) })
	require.NoError(t, err)
	assert.Equal(t, bus.Erased{Events: 18, Calls: 2, Tokens: 1, Page: 1}, e)
	assert.Equal(t, 18, told)
	assert.Empty(t, holds(t, dir, "C-1001"))
	assert.Empty(t, holds(t, dir, "C-1003"), "a call from the journal is erased, whomever it names")
	assert.NotEmpty(t, holds(t, dir, "C-1002"))
	var want []string
	for i := range 5 {
		want = append(want, event.ID("call-1", i+1))
	}
	assert.Equal(t, want, inStream(t, on(t, nats)))
	_, found, err := s.Calls().Recall(t.Context(), "call-1")
	require.NoError(t, err)
	assert.True(t, found)
	_, found, err = s.Calls().Recall(t.Context(), "call-2")
	require.NoError(t, err)
	assert.False(t, found)

	e, err = s.Erase(t.Context(), "C-1001", nil, nil)
	require.NoError(t, err)
	assert.Zero(t, e, "nothing is left")
}

func TestErasingDoesNotAskNATSMoreTheMoreIsRememberedOfOthers(t *testing.T) {
	t.Parallel()
	n := embedded(t).Endpoint()
	s := state(t, n, bus.StateOptions{Key: sealKey})
	ready(t, s)
	publishCall(t, s, "call-0", "C-1001")
	js := on(t, n)
	for i := range 200 {
		for _, key := range []string{"guard.customer.", "guard.token.", "calls.call-"} {
			_, err := js.Publish(t.Context(), fmt.Sprint("$KV.", key, i), []byte("of others"))
			require.NoError(t, err)
		}
	}
	require.NoError(t, s.Calls().Remember(t.Context(),
		session.Known{Proven: session.Proven{Customer: "C-1001"}, Call: "call-0"}))
	_, err := s.Guard().Create(t.Context(), "token.of-theirs", []byte(`{"customer":"C-1001","line":"*"}`), time.Hour)
	require.NoError(t, err)
	asked, err := js.Conn().SubscribeSync("$JS.API.>")
	require.NoError(t, err)
	require.NoError(t, js.Conn().Flush())
	e, err := s.Erase(t.Context(), "C-1001", nil, nil)
	require.NoError(t, err)
	assert.Equal(t, bus.Erased{Events: 5, Calls: 1, Tokens: 1}, e)
	require.NoError(t, js.Conn().Flush())
	requests, _, err := asked.Pending()
	require.NoError(t, err)
	assert.NotZero(t, requests)
	assert.Less(t, requests, 100)
}

func TestTheStreamIsErasedEvenIfABucketIsNotThere(t *testing.T) {
	t.Parallel()
	n := embedded(t).Endpoint()
	s := state(t, n, bus.StateOptions{Key: sealKey})
	ready(t, s)
	publishCall(t, s, "call-0", "C-1001")
	js := on(t, n)
	require.NoError(t, js.DeleteStream(t.Context(), "KV_calls"))
	e, err := s.Erase(t.Context(), "C-1001", nil, nil)
	require.ErrorContains(t, err, "erase from NATS: calls")
	assert.Equal(t, bus.Erased{Events: 5}, e)
	assert.Empty(t, inStream(t, js))
}

func TestAReplayedCallIsErasedToo(t *testing.T) {
	t.Parallel()
	n := embedded(t).Endpoint()
	s := state(t, n, bus.StateOptions{})
	ready(t, s)
	publishCall(t, s, "call-1", "C-1001")
	js := on(t, n)
	msg := &nats.Msg{Subject: event.Subject("retail", event.FactCallStarted),
		Header: nats.Header{jetstream.MsgIDHeader: {"replay-7/call-1.1"}}, Data: []byte(`{}`)}
	_, err := js.PublishMsg(t.Context(), msg)
	require.NoError(t, err)
	e, err := s.Erase(t.Context(), "C-1001", nil, nil)
	require.NoError(t, err)
	assert.Equal(t, 6, e.Events)
	assert.Empty(t, inStream(t, js))
}

func TestWhatNamesACustomerIsSealed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	nats := embeddedIn(t, dir, "127.0.0.1:0").Endpoint()
	s := state(t, nats, bus.StateOptions{Key: sealKey})
	ready(t, s)
	known := session.Known{Proven: session.Proven{Customer: "C-1001"}, Call: "call-1"}
	require.NoError(t, s.Calls().Remember(t.Context(), known))
	revision, err := s.Guard().Create(t.Context(), "token.x", []byte(`{"customer":"C-1001"}`), time.Hour)
	require.NoError(t, err)
	_, err = s.Guard().Update(t.Context(), "token.x", []byte(`{}`), revision, time.Hour)
	require.NoError(t, err)
	_, err = s.Guard().Create(t.Context(), "plain", []byte("counts"), time.Hour)
	require.NoError(t, err)
	assert.Empty(t, holds(t, dir, "C-1001"))
	got, found, err := s.Calls().Recall(t.Context(), "call-1")
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, known, got)

	for name, o := range map[string]bus.StateOptions{
		"another key": {Key: []byte("fedcba9876543210fedcba9876543210")}, "no key": {},
	} {
		other := state(t, nats, o)
		ready(t, other)
		_, found, err := other.Calls().Recall(t.Context(), "call-1")
		assert.False(t, found && err == nil, name)
		value, _, err := other.Guard().Get(t.Context(), "plain")
		require.NoError(t, err, name)
		assert.Equal(t, "counts", string(value))
	}
	// A value cannot be moved to another call, nor written without the key.
	js := on(t, nats)
	raw, err := js.Stream(t.Context(), "KV_calls")
	require.NoError(t, err)
	msg, err := raw.GetLastMsgForSubject(t.Context(), "$KV.calls.call-1")
	require.NoError(t, err)
	for _, value := range [][]byte{msg.Data, []byte(`{"customer":"C-1002","call":"call-2"}`)} {
		_, err = js.Publish(t.Context(), "$KV.calls.call-2", value)
		require.NoError(t, err)
		_, found, err = s.Calls().Recall(t.Context(), "call-2")
		require.NoError(t, err)
		assert.False(t, found)
	}
	_, err = s.Guard().Create(t.Context(), "token.x", []byte("x"), shared.ByDefault)
	assert.ErrorIs(t, err, shared.ErrConflict)
	_, err = bus.OpenState(nats, bus.StateOptions{Key: []byte("short"), Log: discard()})
	assert.ErrorContains(t, err, "5 bytes")
}

func TestAwaitConsumerWaitsForWhatWasGiven(t *testing.T) {
	t.Parallel()
	n := embedded(t).Endpoint()
	s := state(t, n, bus.StateOptions{})
	ready(t, s)
	require.NoError(t, s.AwaitConsumer(t.Context(), "reports-1"), "there is none")
	publishCall(t, s, "call-1", "C-1001")
	stream, err := on(t, n).Stream(t.Context(), event.Stream)
	require.NoError(t, err)
	c, err := stream.CreateConsumer(t.Context(),
		jetstream.ConsumerConfig{Durable: "reports-1", AckPolicy: jetstream.AckExplicitPolicy})
	require.NoError(t, err)
	require.NoError(t, s.AwaitConsumer(t.Context(), "reports-1"), "it was given nothing")
	msg, err := c.Next()
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.AwaitConsumer(t.Context(), "reports-1") }()
	select {
	case <-done:
		require.FailNow(t, "the event is not handled yet")
	case <-time.After(300 * time.Millisecond):
	}
	require.NoError(t, msg.Ack())
	require.NoError(t, <-done)
}
