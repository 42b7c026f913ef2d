package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"countersign/session/event"
)

// OnOneServer names the streams that one server of a cluster keeps alone: they are gone while it is. There are none on a
// NATS of one server.
func (s *State) OnOneServer(ctx context.Context) (streams []string, err error) {
	if !s.conn.IsConnected() {
		return nil, ErrAway
	}
	if s.conn.ConnectedClusterName() == "" {
		return nil, nil
	}
	names := []string{event.Stream}
	for _, b := range s.buckets() {
		names = append(names, b.spec.stream())
	}
	for _, name := range names {
		stream, err := s.js.Stream(ctx, name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound): // it is made when it is needed
		case err != nil:
			return nil, fmt.Errorf("find the stream %s: %w", name, err)
		case stream.CachedInfo().Config.Replicas < 2:
			streams = append(streams, name)
		}
	}
	return streams, nil
}
