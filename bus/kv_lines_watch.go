package bus

import (
	"context"
	"maps"
	"strings"
	"time"

	"countersign/session/shared"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Watch calls handle with all lines, sorted by name, at once and after each change, until ctx ends. Removed lines are
// among them: what is not there was never stored, or is lost. While NATS is away it waits. handle is called from the
// goroutine of Watch, perhaps again with the same lines. A damaged line is logged, and its last good version stays.
func (l *Lines) Watch(ctx context.Context, handle func([]shared.LineVersion)) {
	good := map[string]shared.LineVersion{}
	l.bucket.watch(ctx, "countersign lines", func(entries map[string]record) {
		maps.DeleteFunc(good, func(name string, _ shared.LineVersion) bool { _, found := entries[name]; return !found })
		for name, e := range entries {
			if !linePattern.MatchString(name) {
				continue // not a line
			}
			if e.deleted {
				good[name] = shared.LineVersion{Name: name, Removed: true}
				continue
			}
			s, err := storedFrom(name, e.value)
			if err != nil {
				l.state.log.Error("line in nats is damaged, its last good version stays", "line", name, "err", err)
				continue
			}
			good[name] = s
		}
		var lines []shared.LineVersion
		for _, s := range good {
			lines = append(lines, s)
		}
		sortByName(lines)
		handle(lines)
	})
}

// Watch calls handle with all keys and values, at once and after each change, until ctx ends. as is the name that
// NATS shows for the connection. While NATS is away it waits. handle is called from the goroutine of Watch.
func (b *Bucket) Watch(ctx context.Context, as string, handle func(map[string][]byte)) {
	b.watch(ctx, as, func(entries map[string]record) {
		values := make(map[string][]byte, len(entries))
		for key, e := range entries {
			if !e.deleted {
				values[key] = e.value
			}
		}
		handle(values)
	})
}

func (b *Bucket) watch(ctx context.Context, as string, handle func(map[string]record)) {
	w := &bucketWatch{bucket: b, handle: handle}
	(&link{endpoint: b.state.endpoint, name: as, log: b.state.log}).run(ctx, w.follow)
}

// bucketWatch follows a bucket over connections of its own. Each begins with all values, so no change is missed in
// between.
type bucketWatch struct {
	bucket *Bucket
	handle func(map[string]record)
}

func (w *bucketWatch) follow(ctx context.Context, conn *nats.Conn, up func()) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	stream, err := w.bucket.ensure(ctx, js)
	if err != nil {
		return err
	}
	consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, MaxResetAttempts: 1, InactiveThreshold: time.Minute,
		FilterSubjects: []string{w.bucket.subject(">")},
	})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullHeartbeat(watchHeartbeat))
	if err != nil {
		return err
	}
	defer messages.Stop()
	up()
	entries, changed := map[string]record{}, true
	if consumer.CachedInfo().NumPending == 0 {
		w.handle(entries)
		changed = false
	}
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		key := strings.TrimPrefix(msg.Subject(), w.bucket.subject(""))
		switch {
		case strings.HasPrefix(key, probeKey):
		case msg.Headers().Get(markerHeader) != "": // NATS's own limits took it: nobody deleted it
			delete(entries, key)
			changed = true
		default:
			entries[key] = entryOf(key, msg.Data(), msg.Headers(), meta.Sequence.Stream)
			changed = true
		}
		if changed && meta.NumPending == 0 {
			w.handle(maps.Clone(entries))
			changed = false
		}
	}
}

// watchHeartbeat is how often an idle NATS sends a sign of life; the connection counts as dead after two are missing.
const watchHeartbeat = 5 * time.Second
