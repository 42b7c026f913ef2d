package bus

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/session/shared"
)

// Shards is the bucket in which the source of customers publishes them for replicas (store/customers/share). It has one
// value for each key, so whoever reads from a revision on has the newest of everything.
type Shards struct{ *Bucket }

// SourceKey is the key under which the source says who it is. It names nobody, and is not sealed.
const SourceKey = "source"

// Bounds of a batch. A replica writes shards in the order of a hash, which touches pages all over its database: the larger
// a batch, the fewer times (store/customers/share/DESIGN.md).
const (
	batchEntries = 512
	batchBytes   = 4 << 20
)

// Shards are the customers that machines share: only with StateOptions.Share.
func (s *State) Shards() Shards { return Shards{s.shards} }

// Made is when the bucket was made.
func (s Shards) Made(ctx context.Context) (time.Time, error) {
	stream, err := s.ready()
	if err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	info, err := stream.Info(ctx)
	if err != nil {
		return time.Time{}, s.failed(ctx, SourceKey, err)
	}
	return info.Created, nil
}

// Keys are those that have a value.
func (s Shards) Keys(ctx context.Context) (keys []string, err error) {
	stream, err := s.ready()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(s.subject(">")))
	if err != nil {
		return nil, s.failed(ctx, SourceKey, err)
	}
	for subject := range info.State.Subjects {
		keys = append(keys, strings.TrimPrefix(subject, s.subject("")))
	}
	return keys, nil
}

// FollowFrom passes on the newest value of every key from a revision on, and what is written then, in the order of
// revisions, until ctx ends. While NATS is away it waits. start is asked for the first revision on every connection, and
// is told when the bucket was made, and its last revision. next is the revision after it.
// After an error of handle, start is asked again. Both are called from one goroutine.
func (s Shards) FollowFrom(ctx context.Context, as string, start func(made time.Time, last uint64) (from uint64),
	handle func(ctx context.Context, made time.Time, batch []shared.Entry, next uint64) error) {
	l := &link{endpoint: s.state.endpoint, name: as, log: s.state.log}
	l.run(ctx, func(ctx context.Context, conn *nats.Conn, up func()) error {
		js, err := jetstream.New(conn)
		if err != nil {
			return err
		}
		if _, err := s.ensure(ctx, js); err != nil {
			return err
		}
		stream, err := js.Stream(ctx, s.spec.stream())
		if err != nil {
			return fmt.Errorf("find the bucket %s: %w", s.spec.name, err)
		}
		made := stream.CachedInfo().Created
		consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
			DeliverPolicy:    jetstream.DeliverByStartSequencePolicy,
			OptStartSeq:      max(1, start(made, stream.CachedInfo().State.LastSeq)),
			MaxResetAttempts: 1, InactiveThreshold: time.Minute, FilterSubjects: []string{s.subject(">")},
		})
		if err != nil {
			return err
		}
		messages, err := consumer.Messages(jetstream.PullHeartbeat(watchHeartbeat), jetstream.PullMaxBytes(2*batchBytes))
		if err != nil {
			return err
		}
		defer messages.Stop()
		up()
		var batch []shared.Entry
		bytes := 0
		for {
			msg, err := messages.Next(jetstream.NextContext(ctx))
			if err != nil {
				return err
			}
			meta, err := msg.Metadata()
			if err != nil {
				return err
			}
			key := strings.TrimPrefix(msg.Subject(), s.subject(""))
			if e := entryOf(key, msg.Data(), msg.Headers(), meta.Sequence.Stream); !e.deleted {
				e, err := s.unsealed(e)
				batch = append(batch, shared.Entry{Key: key, Value: e.value, Err: err})
			}
			bytes += len(msg.Data())
			if meta.NumPending > 0 && len(batch) < batchEntries && bytes < batchBytes {
				continue
			}
			if err := handle(ctx, made, batch, meta.Sequence.Stream+1); err != nil {
				return err
			}
			batch, bytes = nil, 0
		}
	})
}
