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

// NATS counts in whole seconds. Rounded down, a key would be gone before its time, and one of less than a second would
// have no time at all.
func TestAKeyIsKeptForWholeSecondsAndNeverLessThanAskedFor(t *testing.T) {
	t.Parallel()
	ctx, endpoint := t.Context(), embedded(t).Endpoint()
	b := ready(t, state(t, endpoint, bus.StateOptions{})).Guard()
	stream, err := on(t, endpoint).Stream(ctx, "KV_guard")
	require.NoError(t, err)
	for _, c := range []struct {
		key  string
		keep time.Duration
		want string
	}{
		{"default", shared.ByDefault, "2592000"},
		{"forever", shared.Forever, "never"},
		{"a-nanosecond", time.Nanosecond, "1"},
		{"a-second", time.Second, "1"},
		{"a-second-and-a-nanosecond", time.Second + time.Nanosecond, "2"},
		{"a-second-and-a-half", 1500 * time.Millisecond, "2"},
		{"two-seconds-less-a-nanosecond", 2*time.Second - time.Nanosecond, "2"},
		{"an-hour", time.Hour, "3600"},
	} {
		revision, err := b.Create(ctx, c.key, []byte("x"), c.keep)
		require.NoError(t, err, c.key)
		_, err = b.Update(ctx, c.key, []byte("y"), revision, c.keep)
		require.NoError(t, err, c.key)
		msg, err := stream.GetLastMsgForSubject(ctx, "$KV.guard."+c.key)
		require.NoError(t, err, c.key)
		assert.Equal(t, c.want, msg.Header.Get(jetstream.MsgTTLHeader), c.key)
	}
}
