package bus

import (
	"context"
	"fmt"

	"countersign/session/event"
)

// StreamStatus is what the stream of events holds, on all of its machines together.
type StreamStatus struct{ Messages, Bytes uint64 }

// Stream asks NATS what the stream holds. It returns ErrAway at once if there is no connection.
func (s *State) Stream(ctx context.Context) (StreamStatus, error) {
	if !s.conn.IsConnected() {
		return StreamStatus{}, ErrAway
	}
	stream, err := s.js.Stream(ctx, event.Stream)
	if err != nil {
		return StreamStatus{}, fmt.Errorf("find the stream %s: %w", event.Stream, err)
	}
	state := stream.CachedInfo().State
	return StreamStatus{Messages: state.Msgs, Bytes: state.Bytes}, nil
}
