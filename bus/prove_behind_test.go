package bus

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// behind answers as a server of a cluster that does not have the newest messages yet.
type behind struct {
	jetstream.Stream
	old   *jetstream.RawStreamMsg // nil: not found
	times atomic.Int32            // how often it is still behind
}

func (s *behind) GetLastMsgForSubject(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	switch {
	case s.times.Add(-1) < 0:
		return s.Stream.GetLastMsgForSubject(ctx, subject)
	case s.old == nil:
		return nil, jetstream.ErrMsgNotFound
	}
	return s.old, nil
}

func TestAServerThatIsBehindIsAskedAgain(t *testing.T) {
	t.Parallel()
	e, err := StartEmbedded(EmbeddedOptions{
		Dir: filepath.Join(t.TempDir(), "nats"), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(e.Shutdown)
	s, err := OpenState(e.Endpoint(), StateOptions{Node: "a", Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, s.Ready(ctx))
	s.calls.mu.Lock()
	real := s.calls.stream
	s.calls.mu.Unlock()
	prove := func(ctx context.Context, times int32, old *jetstream.RawStreamMsg) error {
		b := &behind{Stream: real, old: old}
		b.times.Store(times)
		s.calls.mu.Lock()
		s.calls.stream = b
		s.calls.mu.Unlock()
		return s.Prove(ctx)
	}
	for range 2 { // the second time there is an older test write
		assert.NoError(t, prove(ctx, 3, nil))
		assert.NoError(t, prove(ctx, 3, &jetstream.RawStreamMsg{Sequence: 0}))
	}
	short, cancelShort := context.WithTimeout(ctx, 2*time.Second)
	defer cancelShort()
	assert.Error(t, prove(short, 1<<30, nil), "it never gets there")
}
