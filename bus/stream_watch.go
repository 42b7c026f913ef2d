package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/session/event"
)

// WatchOptions are the options of Watch.
type WatchOptions struct {
	// Subjects selects the events, wildcards allowed: countersign.v1.*.verified. None selects every event.
	Subjects []string
	// Since begins with the events stored since then; zero begins with the next event.
	Since time.Time
	// Skipped, if set, hears of messages that this version cannot read: errors.As finds an *event.UnknownFactError
	// for an event of a newer kind, any other error means a damaged message. If not set, they are logged.
	Skipped func(subject string, err error)
	Log     *slog.Logger
}

// Watch calls handle with each event of the stream, in order, until ctx ends. While NATS is away it waits, then goes
// on after the last event that it handled: it repeats none and misses only what was purged from the stream. handle
// and Skipped are called from the goroutine of Watch, one at a time. The only error is a subject outside the stream.
func Watch(ctx context.Context, nats Endpoint, o WatchOptions, handle func(event.Event)) error {
	if len(o.Subjects) == 0 {
		o.Subjects = []string{event.Subjects}
	}
	for _, s := range o.Subjects {
		if !strings.HasPrefix(s, subjectPrefix) {
			return fmt.Errorf("watch: the stream has no subject %q; it must begin with %s", s, subjectPrefix)
		}
	}
	w := &watcher{options: o, handle: func(_ event.Place, e event.Event) { handle(e) }}
	(&link{endpoint: nats, name: "countersign watch", log: o.Log}).run(ctx, w.follow)
	return nil
}

type watcher struct {
	options WatchOptions
	handle  func(event.Place, event.Event)
	// next is the sequence to go on with, 0 at first, in the stream that was created at created.
	next    uint64
	created time.Time
	recent  recent
}

// follow reads over one connection.
func (w *watcher) follow(ctx context.Context, conn *nats.Conn, up func()) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	stream, err := js.Stream(ctx, event.Stream)
	if err != nil {
		return fmt.Errorf("find the stream %s: %w", event.Stream, err)
	}
	if w.created.Equal(stream.CachedInfo().Created) {
		if w.next, err = w.recent.goOn(ctx, stream, w.next); err != nil {
			return err
		}
	}
	consumer, err := stream.OrderedConsumer(ctx, w.start(stream.CachedInfo()))
	if err != nil {
		return err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	up()
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		w.next = meta.Sequence.Stream + 1
		if w.recent.has(msg.Data()) {
			continue // handled before a crash of the server
		}
		w.recent.add(meta.Sequence.Stream, msg.Data())
		w.deliver(msg.Subject(), msg.Data())
	}
}

// start chooses where to begin on this connection.
func (w *watcher) start(stream *jetstream.StreamInfo) jetstream.OrderedConsumerConfig {
	c := jetstream.OrderedConsumerConfig{
		FilterSubjects: w.options.Subjects, MaxResetAttempts: 1, InactiveThreshold: time.Minute,
	}
	if w.next == 0 && !w.options.Since.IsZero() {
		w.created = stream.Created
		c.DeliverPolicy, c.OptStartTime = jetstream.DeliverByStartTimePolicy, &w.options.Since
		return c
	}
	end := stream.State.LastSeq + 1
	switch {
	case w.next == 0:
		w.next = end
	case !stream.Created.Equal(w.created):
		w.next = 1 // the stream was deleted and created again
	case w.next > end:
		w.next = end // the stream lost its last events in a crash
	}
	w.created = stream.Created
	c.DeliverPolicy, c.OptStartSeq = jetstream.DeliverByStartSequencePolicy, w.next
	return c
}

func (w *watcher) deliver(subject string, body []byte) {
	if isProbe(subject) {
		return
	}
	var e event.Event
	err := json.Unmarshal(body, &e)
	if err == nil {
		w.handle(event.Place{Sequence: w.next - 1, Created: w.created}, e)
		return
	}
	if w.options.Skipped != nil {
		w.options.Skipped(subject, err)
		return
	}
	var unknown *event.UnknownFactError
	if errors.As(err, &unknown) {
		w.options.Log.Info("event of an unknown kind skipped", "subject", subject, "fact", string(unknown.Fact))
		return
	}
	w.options.Log.Warn("damaged event skipped", "subject", subject, "err", err)
}
