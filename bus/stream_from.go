package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/session/event"
)

// Events reads events of the stream by their place. Any goroutine may use it.
type Events struct {
	endpoint Endpoint
	log      *slog.Logger
	conn     *nats.Conn
	js       jetstream.JetStream
}

// OpenEvents connects. It is no error if NATS is away. The caller closes the Events.
func OpenEvents(endpoint Endpoint, log *slog.Logger) (*Events, error) {
	conn, err := endpoint.Connect("countersign events", log)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &Events{endpoint: endpoint, log: log, conn: conn, js: js}, nil
}

// Close ends the connection.
func (e *Events) Close() { e.conn.Close() }

// End is the place of the stream's last event; the zero Place if there is no stream yet.
func (e *Events) End(ctx context.Context) (event.Place, error) {
	stream, err := e.stream(ctx)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return event.Place{}, nil
	}
	if err != nil {
		return event.Place{}, err
	}
	about := stream.CachedInfo()
	return event.Place{Sequence: about.State.LastSeq, Created: about.Created}, nil
}

// Follow is Watch, but begins after a place, and tells the place of each event. If the stream was created anew since, it
// begins with the first event.
func (e *Events) Follow(ctx context.Context, after event.Place, handle func(event.Place, event.Event)) {
	w := &watcher{
		options: WatchOptions{Subjects: []string{event.Subjects}, Log: e.log}, handle: handle,
		next: after.Sequence + 1, created: after.Created,
	}
	(&link{endpoint: e.endpoint, name: "countersign events", log: e.log}).run(ctx, w.follow)
}

// At reads the event at a place. ok is false if there is none any more: it has expired or was erased.
func (e *Events) At(ctx context.Context, at event.Place) (found event.Event, ok bool, err error) {
	stream, err := e.stream(ctx)
	if err != nil {
		return event.Event{}, false, err
	}
	if !stream.CachedInfo().Created.Equal(at.Created) {
		return event.Event{}, false, nil
	}
	msg, err := stream.GetMsg(ctx, at.Sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return event.Event{}, false, nil
	}
	if err != nil {
		return event.Event{}, false, fmt.Errorf("read an event of the stream %s: %w", event.Stream, err)
	}
	if err := json.Unmarshal(msg.Data, &found); err != nil {
		return event.Event{}, false, nil // nobody can read it
	}
	return found, true, nil
}

func (e *Events) stream(ctx context.Context) (jetstream.Stream, error) {
	if !e.conn.IsConnected() {
		return nil, ErrAway
	}
	stream, err := e.js.Stream(ctx, event.Stream)
	if err != nil {
		return nil, fmt.Errorf("find the stream %s: %w", event.Stream, err)
	}
	return stream, nil
}
