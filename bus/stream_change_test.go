package bus

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// silent is a NATS that says nothing when a stream is to be changed.
type silent struct{ jetstream.JetStream }

func (silent) UpdateStream(context.Context, jetstream.StreamConfig) (jetstream.Stream, error) {
	return nil, context.DeadlineExceeded
}

func TestAChangeThatNATSSaysNothingToIsNotRefused(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	server, err := StartEmbedded(EmbeddedOptions{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: log})
	require.NoError(t, err)
	t.Cleanup(server.Shutdown)
	conn, err := server.Endpoint().Connect("test", log)
	require.NoError(t, err)
	closed := make(chan struct{})
	conn.SetClosedHandler(func(*nats.Conn) { close(closed) })
	t.Cleanup(func() { conn.Close(); <-closed })
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(time.Minute))
	require.NoError(t, err)

	_, _, err = ensureStream(t.Context(), js, StreamConfig{}.withDefaults(), log)
	require.NoError(t, err)
	_, _, err = ensureStream(t.Context(), silent{js}, StreamConfig{MaxAge: time.Hour}.withDefaults(), log)
	require.ErrorIs(t, err, context.DeadlineExceeded, "it is to be tried again")

	_, _, err = ensureBucket(t.Context(), js, bucketSpec{name: "x", history: 1}, 1, log)
	require.NoError(t, err)
	_, _, err = ensureBucket(t.Context(), silent{js}, bucketSpec{name: "x", history: 2}, 1, log)
	require.ErrorIs(t, err, context.DeadlineExceeded, "it is to be tried again")
}
