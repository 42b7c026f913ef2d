package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// bucketSpec is how we want a bucket to be set up.
type bucketSpec struct {
	name, about string
	// ttl is how long values are kept, 0 for ever; history is how many values of each key. A ttl beside perKey would
	// remove a value that is written for ever when NATS starts again.
	ttl     time.Duration
	history int64
	// perKey allows a time to live for each key; keep is that of values written by default. A NATS before 2.11 cannot do
	// that and keeps every key for ttl, or for ever without one.
	perKey bool
	keep   time.Duration
	// calls wait for its operations.
	calls bool
	// later: earlier versions had no such bucket, so that its absence at a start says nothing.
	later bool
	// atOnce allows atomic batches. Older servers than ours do not know them, so it is for the embedded one.
	atOnce bool
}

func (s bucketSpec) stream() string { return "KV_" + s.name }

// The settings that we made last, noted in the metadata as for the stream of events.
const (
	metaTTL     = "countersign.ttl"
	metaHistory = "countersign.history"
)

func (s bucketSpec) metadata(replicas int) map[string]string {
	made := map[string]string{
		metaTTL: s.ttl.String(), metaHistory: strconv.FormatInt(s.history, 10), metaReplicas: strconv.Itoa(max(1, replicas)),
	}
	if s.atOnce {
		made[metaAtOnce] = "true"
	}
	return made
}

// config is the stream behind a key-value bucket (ADR-8).
func (s bucketSpec) config(replicas int) jetstream.StreamConfig {
	duplicates := 2 * time.Minute
	if s.ttl > 0 {
		duplicates = min(duplicates, s.ttl)
	}
	return jetstream.StreamConfig{
		Name: s.stream(), Description: "Countersign: " + s.about, Subjects: []string{"$KV." + s.name + ".>"},
		Storage: jetstream.FileStorage, Replicas: max(1, replicas), Discard: jetstream.DiscardNew,
		MaxMsgsPerSubject: s.history, MaxMsgs: -1, MaxBytes: -1, MaxMsgSize: -1, MaxConsumers: -1,
		MaxAge: s.ttl, Duplicates: duplicates, AllowMsgTTL: s.perKey,
		AllowRollup: true, DenyDelete: true, AllowDirect: true, AllowAtomicPublish: s.atOnce, Metadata: s.metadata(replicas),
	}
}

// ensureBucket finds or creates the bucket and applies our settings, except those that an operator has changed.
func ensureBucket(ctx context.Context, js jetstream.JetStream, spec bucketSpec, replicas int,
	log *slog.Logger) (stream jetstream.Stream, created bool, err error) {
	stream, err = js.Stream(ctx, spec.stream())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, spec.config(replicas))
		created = err == nil
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			stream, err = js.Stream(ctx, spec.stream()) // another machine made it just now
		}
	}
	if err != nil {
		return nil, false, fmt.Errorf("find or create the bucket %s: %w", spec.name, err)
	}
	merged, changed := spec.merge(stream.CachedInfo().Config, replicas)
	if changed {
		updated, err := js.UpdateStream(ctx, merged)
		switch {
		case err == nil:
			stream = updated
		case ctx.Err() != nil:
			return nil, created, context.Cause(ctx)
		case !refused(err):
			return nil, created, fmt.Errorf("change the bucket %s: %w", spec.name, err)
		default:
			log.Warn("bucket left as it is, nats does not allow the change", "bucket", spec.name, "err", err)
		}
	}
	if have := stream.CachedInfo().Config; spec.keep > 0 && !have.AllowMsgTTL {
		log.Warn("no key of the bucket ever expires, and it grows; upgrade to nats 2.11", "bucket", spec.name)
	}
	return stream, created, nil
}

func (s bucketSpec) merge(have jetstream.StreamConfig, replicas int) (merged jetstream.StreamConfig, changed bool) {
	merged = have
	if s.perKey && !have.AllowMsgTTL {
		merged.AllowMsgTTL, changed = true, true
	}
	merged.Metadata = maps.Clone(have.Metadata)
	if s.atOnce && allowAtOnce(&merged) {
		changed = true
	}
	ours := s.metadata(replicas)
	set := func(key, current string, apply func()) {
		if current == ours[key] || have.Metadata[key] != current {
			return
		}
		apply()
		merged.Metadata[key], changed = ours[key], true
	}
	set(metaTTL, have.MaxAge.String(), func() { merged.MaxAge, merged.Duplicates = s.ttl, s.config(replicas).Duplicates })
	set(metaHistory, strconv.FormatInt(have.MaxMsgsPerSubject, 10), func() { merged.MaxMsgsPerSubject = s.history })
	if replicas > 0 {
		set(metaReplicas, strconv.Itoa(have.Replicas), func() { merged.Replicas = replicas })
	}
	return merged, changed
}
