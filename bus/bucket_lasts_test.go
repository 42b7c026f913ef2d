package bus_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/shared"
)

// Earlier versions gave the bucket an age, at which NATS removes everything when it starts, whatever each key says.
func TestWhatMustLastOutlivesARestartAndTheBucketsOfEarlierVersions(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	first := embeddedIn(t, dir, "127.0.0.1:0")
	const age = 2 * time.Second
	js := on(t, first.Endpoint())
	_, err := js.CreateStream(ctx, jetstream.StreamConfig{
		Name: "KV_guard", Subjects: []string{"$KV.guard.>"}, MaxAge: age, Duplicates: age, MaxMsgsPerSubject: 1,
		AllowMsgTTL: true, AllowRollup: true, DenyDelete: true, AllowDirect: true, Storage: jetstream.FileStorage,
		Discard:  jetstream.DiscardNew,
		Metadata: map[string]string{"countersign.ttl": age.String(), "countersign.history": "1", "countersign.replicas": "1"},
	})
	require.NoError(t, err)
	s := ready(t, state(t, first.Endpoint(), bus.StateOptions{}))
	for key, keep := range map[string]time.Duration{
		"customer.locked": shared.Forever, "fingerprint": shared.Forever, "sends.a": time.Hour, "once.a": time.Hour,
		"customer.tried": 30 * day, "token.a": shared.ByDefault,
	} {
		_, err := s.Guard().Put(ctx, key, []byte("x"), keep)
		require.NoError(t, err)
	}
	_, err = s.Guard().Put(ctx, "short", []byte("x"), age+time.Second)
	require.NoError(t, err)
	s.Close()
	first.Shutdown()

	second := embeddedIn(t, dir, "127.0.0.1:0")
	b := ready(t, state(t, second.Endpoint(), bus.StateOptions{})).Guard()
	require.Eventually(t, func() bool { _, _, err := b.Get(ctx, "short"); return err != nil }, patience, time.Millisecond,
		"longer than the bucket's age was")
	for _, key := range []string{
		"customer.locked", "fingerprint", "sends.a", "once.a", "customer.tried", "token.a",
	} {
		_, _, err := b.Get(ctx, key)
		assert.NoError(t, err, key)
	}
}
