package main

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"testing"

	"countersign/freeswitch/sim"
	"countersign/session/event"
	"countersign/session/token"
	"countersign/session/token/tokentest"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Events of calls come through the relay, changes of lines from a command on another machine.
func TestEveryEventIsSignedByTheServicesKey(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, adaAndBob, "")
	s.apply(bankLine("bank", "5200", "pin: {digits: 6}"))
	s.journey(s.nodes[0].call(sim.CallOptions{
		From: "+15550001111", To: "5200", Caller: keys("ask-account", "100042", "ask-pin", "246813"),
	}))
	trusted, err := token.LoadKeys(filepath.Join(s.dir, "token.key"))
	require.NoError(t, err)
	conn, err := s.nats.Endpoint().Connect("test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	consumer, err := js.OrderedConsumer(t.Context(), "COUNTERSIGN", jetstream.OrderedConsumerConfig{})
	require.NoError(t, err)
	batch, err := consumer.FetchNoWait(1000)
	require.NoError(t, err)
	n, proved := 0, 0
	for msg := range batch.Messages() {
		n++
		_, err := tokentest.Verify(trusted.JWKS(), tokentest.Event, msg.Headers().Get("Countersign-Signature"), msg.Data())
		assert.NoError(t, err, msg.Subject())
		var e event.Event
		if json.Unmarshal(msg.Data(), &e) != nil {
			continue
		}
		want, says := token.StatusOf(e)
		if !says {
			continue
		}
		proved++
		text, err := tokentest.Verify(trusted.JWKS(), tokentest.Status, proofOf(e), nil)
		require.NoError(t, err, msg.Subject())
		var got token.Status
		require.NoError(t, json.Unmarshal(text, &got))
		assert.Equal(t, want.IssuedAt.Unix(), got.IssuedAt.Unix())
		want.IssuedAt, got.IssuedAt = nil, nil
		assert.Equal(t, want, got, "the proof says what the event says")
	}
	assert.Equal(t, 2, proved, "identified and verified")
	require.NoError(t, batch.Error())
	assert.Greater(t, n, 5)
}

func proofOf(e event.Event) string {
	switch d := e.Data.(type) {
	case event.Identified:
		return d.Proof
	case event.Verified:
		return d.Proof
	case event.Failed:
		return d.Proof
	}
	return ""
}
