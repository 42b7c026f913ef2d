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

// Watch calls handle with all the lines that there are, by name, at once and after each change, until ctx ends. While NATS is away it waits. handle is called
// from the goroutine of Watch, and may be called again with the same lines. A damaged line is logged, and counts as it was when it was last whole.
func (l *Lines) Watch(ctx context.Context, handle func([]shared.LineVersion)) {
	whole := map[string]shared.LineVersion{}
	l.bucket.watch(ctx, "countersign lines", func(entries map[string]keyed) {
		maps.DeleteFunc(whole, func(name string, _ shared.LineVersion) bool { _, there := entries[name]; return !there })
		for name, e := range entries {
			s, err := storedFrom(name, e.value)
			if err != nil {
				l.state.log.Error("line in nats is damaged, the last whole version stays", "line", name, "err", err)
				continue
			}
			whole[name] = s
		}
		var lines []shared.LineVersion
		for _, s := range whole {
			if !s.Removed {
				lines = append(lines, s)
			}
		}
		sortByName(lines)
		handle(lines)
	})
}

// Watch calls handle with all keys and values at once and after each change, until ctx ends, under the name that NATS shows for the connection. While NATS
// is away it waits. handle is called from the goroutine of Watch.
func (b *Bucket) Watch(ctx context.Context, as string, handle func(map[string][]byte)) {
	b.watch(ctx, as, func(entries map[string]keyed) {
		values := make(map[string][]byte, len(entries))
		for key, e := range entries {
			values[key] = e.value
		}
		handle(values)
	})
}

func (b *Bucket) watch(ctx context.Context, as string, handle func(map[string]keyed)) {
	w := &bucketWatch{bucket: b, handle: handle}
	(&link{endpoint: b.state.endpoint, name: as, log: b.state.log}).run(ctx, w.follow)
}

// bucketWatch follows a bucket on connections of its own, each from the start: nothing is missed that happened in between.
type bucketWatch struct {
	bucket *Bucket
	handle func(map[string]keyed)
}

func (w *bucketWatch) follow(ctx context.Context, conn *nats.Conn, up func()) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	o := w.bucket.state.options
	stream, err := ensureBucket(ctx, js, w.bucket.spec, o.Replicas, o.Log)
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
	entries := map[string]keyed{}
	if consumer.CachedInfo().NumPending == 0 {
		w.handle(entries)
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
		if e := entryOf(key, msg.Data(), msg.Headers(), meta.Sequence.Stream); e.gone {
			delete(entries, key)
		} else {
			entries[key] = e
		}
		if meta.NumPending == 0 {
			w.handle(maps.Clone(entries))
		}
	}
}

// watchHeartbeat is how often NATS says that there is nothing new; after two of them the connection counts as dead.
const watchHeartbeat = 5 * time.Second
