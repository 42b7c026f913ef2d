package bus

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

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
	(&link{endpoint: b.state.endpoint, name: as, log: b.state.log}).run(ctx, (&bucketWatch{b, &wholeBucket{handle: handle}}).follow)
}

// Follower hears of the keys of a bucket one by one, from one goroutine.
type Follower interface {
	// Begin: all keys follow anew. What is not among them before CaughtUp is gone.
	Begin()
	// Changed: the key has that value at that revision; nil if it was removed.
	Changed(key string, value []byte, revision uint64)
	// CaughtUp: all changes so far were told.
	CaughtUp()
}

// Follow tells f of all keys at once, and of each change, until ctx ends. While NATS is away it waits. as is the name that
// NATS shows for the connection.
func (b *Bucket) Follow(ctx context.Context, as string, f Follower) {
	(&link{endpoint: b.state.endpoint, name: as, log: b.state.log}).run(ctx, (&bucketWatch{b, eachKey{f}}).follow)
}

// listener hears of a bucket's records one by one.
type listener interface {
	begin()
	changed(e record)
	caughtUp()
}

// eachKey passes them on.
type eachKey struct{ f Follower }

func (k eachKey) begin() { k.f.Begin() }

func (k eachKey) changed(e record) {
	if e.deleted {
		e.value = nil
	}
	k.f.Changed(e.key, e.value, e.revision)
}

func (k eachKey) caughtUp() { k.f.CaughtUp() }

// wholeBucket hands out all records after each change.
type wholeBucket struct {
	handle  func(map[string]record)
	entries map[string]record
}

func (w *wholeBucket) begin() { w.entries = map[string]record{} }

func (w *wholeBucket) changed(e record) {
	if e.expired { // NATS's own limits took it: nobody deleted it
		delete(w.entries, e.key)
		return
	}
	w.entries[e.key] = e
}

func (w *wholeBucket) caughtUp() { w.handle(maps.Clone(w.entries)) }

// bucketWatch follows a bucket over connections of its own. Each begins with all values, so no change is missed in
// between.
type bucketWatch struct {
	bucket *Bucket
	to     listener
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
	w.to.begin()
	changed := true
	if consumer.CachedInfo().NumPending == 0 {
		w.to.caughtUp()
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
		if !strings.HasPrefix(key, probeKey) {
			e := entryOf(key, msg.Data(), msg.Headers(), meta.Sequence.Stream)
			e.expired = msg.Headers().Get(markerHeader) != ""
			if e, err = w.bucket.unsealed(e); err == nil {
				w.to.changed(e)
				changed = true
			}
		}
		if changed && meta.NumPending == 0 {
			w.to.caughtUp()
			changed = false
		}
	}
}

// watchHeartbeat is how often an idle NATS sends a sign of life; the connection counts as dead after two are missing.
const watchHeartbeat = 5 * time.Second
