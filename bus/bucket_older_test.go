package bus_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/bus"
	"countersign/session/shared"
)

// Earlier versions gave the bucket an age, and some of its values no time of their own.
func TestWhatEarlierVersionsStoredExpiresUnlessItMustLast(t *testing.T) {
	t.Parallel()
	const age = 30 * day
	for name, perKey := range map[string]bool{"with a time for each key": true, "on a NATS before 2.11": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, endpoint := t.Context(), embedded(t).Endpoint()
			js := on(t, endpoint)
			stream, err := js.CreateStream(ctx, jetstream.StreamConfig{
				Name: "KV_guard", Subjects: []string{"$KV.guard.>"}, MaxAge: age, MaxMsgsPerSubject: 1, AllowMsgTTL: perKey,
				AllowRollup: true, DenyDelete: true, AllowDirect: true, Discard: jetstream.DiscardNew,
				Metadata: map[string]string{
					"countersign.ttl": age.String(), "countersign.history": "1", "countersign.replicas": "1",
				},
			})
			require.NoError(t, err)
			want := map[string]string{
				"customer.locked": "never", "customer.tried": "2592000", "fingerprint": "never", "sends.a": "86400",
				"token.sealed": "2592000", "token.gone": "2592000", "customer.counted": "3600",
			}
			first := map[string]uint64{}
			for key := range want {
				msg := nats.NewMsg("$KV.guard." + key)
				msg.Data = []byte("value of " + key)
				switch {
				case key == "token.gone":
					msg.Header.Set("KV-Operation", "DEL")
					msg.Data = nil
				case key == "customer.counted" && perKey:
					msg.Header.Set(jetstream.MsgTTLHeader, "3600")
				case key == "customer.counted":
					delete(want, key)
					continue
				}
				ack, err := js.PublishMsg(ctx, msg)
				require.NoError(t, err)
				first[key] = ack.Sequence
			}
			keep := func(key string, value []byte) time.Duration {
				assert.Equal(t, "value of "+key, string(value))
				switch key {
				case "customer.locked", "fingerprint":
					return shared.Forever
				case "sends.a":
					return day
				}
				return shared.ByDefault
			}
			open := func() *bus.State { return ready(t, state(t, endpoint, bus.StateOptions{KeepOlder: keep})) }
			config := func() jetstream.StreamConfig {
				info, err := stream.Info(ctx)
				require.NoError(t, err)
				return info.Config
			}
			s := open()
			require.Eventually(t, func() bool { return config().Metadata["countersign.older"] != "" },
				patience, time.Millisecond)
			last := map[string]uint64{}
			for key, ttl := range want {
				msg, err := stream.GetLastMsgForSubject(ctx, "$KV.guard."+key)
				require.NoError(t, err, key)
				assert.Equal(t, ttl, msg.Header.Get(jetstream.MsgTTLHeader), key)
				assert.Equal(t, key == "customer.counted", msg.Sequence == first[key], "%s: written once more", key)
				last[key] = msg.Sequence
				if key == "token.gone" {
					assert.Equal(t, "DEL", msg.Header.Get("KV-Operation"))
					continue
				}
				assert.Equal(t, "value of "+key, string(msg.Data))
			}
			assert.Zero(t, config().MaxAge)
			s.Close()

			// It is done once.
			s = open()
			_, err = s.Guard().Put(ctx, "another", []byte("x"), time.Hour)
			require.NoError(t, err)
			s.Close()
			for key := range want {
				msg, err := stream.GetLastMsgForSubject(ctx, "$KV.guard."+key)
				require.NoError(t, err, key)
				assert.Equal(t, last[key], msg.Sequence, key)
			}
		})
	}
}

func TestAValueThatChangesWhileItIsGivenATimeIsLeftAlone(t *testing.T) {
	t.Parallel()
	ctx, endpoint := t.Context(), embedded(t).Endpoint()
	js := on(t, endpoint)
	stream, err := js.CreateStream(ctx, jetstream.StreamConfig{
		Name: "KV_guard", Subjects: []string{"$KV.guard.>"}, MaxMsgsPerSubject: 1, AllowMsgTTL: true, AllowDirect: true,
		Metadata: map[string]string{"countersign.ttl": "0s", "countersign.history": "1", "countersign.replicas": "1"},
	})
	require.NoError(t, err)
	const keys = 20
	subject := func(n int) string { return "$KV.guard.customer." + strconv.Itoa(n) }
	for n := range keys {
		_, err := js.Publish(ctx, subject(n), []byte("old"))
		require.NoError(t, err)
	}
	keep := func(key string, _ []byte) time.Duration {
		if n, _ := strconv.Atoi(strings.TrimPrefix(key, "customer.")); n%2 == 0 {
			_, err := js.Publish(ctx, subject(n), []byte("new"), jetstream.WithMsgTTL(time.Hour))
			assert.NoError(t, err)
		}
		return day
	}
	ready(t, state(t, endpoint, bus.StateOptions{KeepOlder: keep}))
	require.Eventually(t, func() bool {
		info, err := stream.Info(ctx)
		return err == nil && info.Config.Metadata["countersign.older"] != ""
	}, patience, time.Millisecond)
	for n := range keys {
		msg, err := stream.GetLastMsgForSubject(ctx, subject(n))
		require.NoError(t, err)
		value, ttl := "old", "86400"
		if n%2 == 0 {
			value, ttl = "new", "1h0m0s"
		}
		assert.Equal(t, value, string(msg.Data), n)
		assert.Equal(t, ttl, msg.Header.Get(jetstream.MsgTTLHeader), n)
	}
}
