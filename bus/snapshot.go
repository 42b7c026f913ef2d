package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Snapshots takes streams out of a NATS and puts them into another one, with their consumers, as JetStream's API does
// ($JS.API.STREAM.SNAPSHOT and RESTORE). A bucket is a stream, too.
type Snapshots struct {
	conn *nats.Conn
	js   jetstream.JetStream
}

// StreamSettings are what NATS needs beside the content of a stream.
type StreamSettings struct {
	Config json.RawMessage `json:"config"`
	State  json.RawMessage `json:"state"`
}

// Messages is how many messages the stream has.
func (s StreamSettings) Messages() (n uint64, err error) {
	var state struct {
		Messages uint64 `json:"messages"`
	}
	err = json.Unmarshal(s.State, &state)
	return state.Messages, err
}

// How long NATS may take to begin, and between two parts.
const (
	snapshotWithin = time.Minute
	snapshotChunk  = 128 << 10
)

// OpenSnapshots connects. The caller closes them.
func OpenSnapshots(endpoint Endpoint, log *slog.Logger) (*Snapshots, error) {
	conn, err := endpoint.Connect("countersign backup", log)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &Snapshots{conn: conn, js: js}, nil
}

// Close ends the connection.
func (s *Snapshots) Close() { s.conn.Close() }

// Names are all streams, in the order of their names.
func (s *Snapshots) Names(ctx context.Context) (names []string, err error) {
	list := s.js.StreamNames(ctx)
	for name := range list.Name() {
		names = append(names, name)
	}
	return names, list.Err()
}

// Messages is how many messages a stream has now.
func (s *Snapshots) Messages(ctx context.Context, name string) (uint64, error) {
	stream, err := s.js.Stream(ctx, name)
	if err != nil {
		return 0, fmt.Errorf("find the stream %s: %w", name, err)
	}
	return stream.CachedInfo().State.Msgs, nil
}

// Save writes a stream to w, as it is at one moment. Others may write to it meanwhile.
func (s *Snapshots) Save(ctx context.Context, name string, w io.Writer) (of StreamSettings, err error) {
	inbox := nats.NewInbox()
	parts, err := s.conn.SubscribeSync(inbox)
	if err != nil {
		return of, err
	}
	defer func() { _ = parts.Unsubscribe() }()
	if err := parts.SetPendingLimits(-1, -1); err != nil {
		return of, err
	}
	var answer struct {
		StreamSettings
		Error *jetstream.APIError `json:"error"`
	}
	request := map[string]any{"deliver_subject": inbox, "chunk_size": snapshotChunk}
	if err := s.ask(ctx, "$JS.API.STREAM.SNAPSHOT."+name, request, &answer); err != nil {
		return of, fmt.Errorf("save the stream %s: %w", name, err)
	}
	if answer.Error != nil {
		return of, fmt.Errorf("save the stream %s: %w", name, answer.Error)
	}
	for {
		part, err := s.next(ctx, parts)
		if err != nil {
			return of, fmt.Errorf("save the stream %s: %w", name, err)
		}
		if len(part.Data) == 0 {
			if status := part.Header.Get("Status"); status != "" && status != "204" {
				return of, fmt.Errorf("save the stream %s: NATS ended it: %s %s", name, status, part.Header.Get("Description"))
			}
			return answer.StreamSettings, nil
		}
		if _, err := w.Write(part.Data); err != nil {
			return of, err
		}
		if part.Reply != "" { // the last part asks for none
			if err := s.conn.Publish(part.Reply, nil); err != nil {
				return of, err
			}
		}
	}
}

func (s *Snapshots) next(ctx context.Context, parts *nats.Subscription) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, snapshotWithin, errors.New("NATS sends nothing more"))
	defer cancel()
	part, err := parts.NextMsgWithContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return part, err
}

// Restore makes the stream of a Save. There must be none of its name.
func (s *Snapshots) Restore(ctx context.Context, name string, of StreamSettings, r io.Reader) error {
	if err := s.restore(ctx, name, of, r); err != nil {
		return fmt.Errorf("restore the stream %s: %w", name, err)
	}
	return nil
}

func (s *Snapshots) restore(ctx context.Context, name string, of StreamSettings, r io.Reader) error {
	var begun struct {
		To    string              `json:"deliver_subject"`
		Error *jetstream.APIError `json:"error"`
	}
	if err := s.ask(ctx, "$JS.API.STREAM.RESTORE."+name, of, &begun); err != nil {
		return err
	}
	if begun.Error != nil {
		return begun.Error
	}
	for part := make([]byte, snapshotChunk); ; {
		n, err := io.ReadFull(r, part)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		last := err != nil
		if n > 0 {
			if err := s.send(ctx, begun.To, part[:n]); err != nil {
				return err
			}
		}
		if last {
			return s.send(ctx, begun.To, nil)
		}
	}
}

// send sends one part, and fails if NATS says that it could not use it.
func (s *Snapshots) send(ctx context.Context, to string, part []byte) error {
	ctx, cancel := context.WithTimeout(ctx, snapshotWithin)
	defer cancel()
	answer, err := s.conn.RequestWithContext(ctx, to, part)
	if err != nil || len(answer.Data) == 0 {
		return err
	}
	var said struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &said); err != nil {
		return err
	}
	if said.Error != nil {
		return said.Error
	}
	return nil
}

func (s *Snapshots) ask(ctx context.Context, subject string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, snapshotWithin)
	defer cancel()
	got, err := s.conn.RequestWithContext(ctx, subject, body)
	if err != nil {
		return err
	}
	return json.Unmarshal(got.Data, answer)
}
