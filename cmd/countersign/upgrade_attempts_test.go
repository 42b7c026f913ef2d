package main

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session/guard"
	"countersign/session/shared"
)

func TestEachValueThatAnEarlierVersionStoredHasItsTime(t *testing.T) {
	t.Parallel()
	keep := keepOlder(guard.Rules{Total: 5})
	assert.Equal(t, shared.Forever, keep(fingerprint, []byte("0011")))
	assert.Equal(t, shared.Forever, keep("customer.a", []byte(lockedRecord)))
	assert.Equal(t, shared.ByDefault, keep("token.a", []byte("sealed")))
}

// lockedRecord is of a customer with five wrong answers.
const lockedRecord = `{"failures":[{"at":"2026-01-02T03:04:05Z","id":"a"},{"at":"2026-01-02T03:04:06Z","id":"b"},
	{"at":"2026-01-02T03:04:07Z","id":"c"},{"at":"2026-01-02T03:04:08Z","id":"d"},
	{"at":"2026-01-02T03:04:09Z","id":"e"}]}`

func TestAServiceEndsWhatAnEarlierVersionStoredWithoutAnEnd(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), siteWithoutNodes(t, adaAndBob, "guard: {total: 5}\n")
	nc, err := nats.Connect(s.url)
	require.NoError(t, err)
	closed := make(chan struct{})
	nc.SetClosedHandler(func(*nats.Conn) { close(closed) })
	defer func() { nc.Close(); <-closed }()
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	const age = 30 * 24 * time.Hour
	stream, err := js.CreateStream(ctx, jetstream.StreamConfig{
		Name: "KV_guard", Subjects: []string{"$KV.guard.>"}, MaxAge: age, MaxMsgsPerSubject: 1, AllowDirect: true,
		AllowRollup: true, DenyDelete: true, Discard: jetstream.DiscardNew,
		Metadata: map[string]string{
			"countersign.ttl": age.String(), "countersign.history": "1", "countersign.replicas": "1",
		},
	})
	require.NoError(t, err)
	want := map[string]string{"customer.locked": "never", "customer.tried": "2592000", "sends.a": "86400"}
	for key, value := range map[string]string{
		"customer.locked": lockedRecord,
		"customer.tried":  `{"failures":[{"at":"2026-01-02T03:04:05Z","id":"a"}]}`,
		"sends.a":         `{"at":["2026-01-02T03:04:05Z"]}`,
	} {
		_, err := js.Publish(ctx, "$KV.guard."+key, []byte(value))
		require.NoError(t, err)
	}
	s.add("n1")
	require.Eventually(t, func() bool {
		got := map[string]string{}
		for key := range want {
			msg, err := stream.GetLastMsgForSubject(ctx, "$KV.guard."+key)
			require.NoError(t, err, key)
			got[key] = msg.Header.Get(jetstream.MsgTTLHeader)
		}
		return assert.ObjectsAreEqual(want, got)
	}, patience, 10*time.Millisecond)
}
