package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"countersign/session/event"
)

var subjectPrefix = strings.TrimSuffix(event.Subjects, ">")

// StreamConfig is what we want of the stream COUNTERSIGN. An operator may set the same things, and every other one, with the nats tool; what
// an operator changed stays changed.
type StreamConfig struct {
	// MaxAge is how long events are kept: 90 days.
	MaxAge time.Duration
	// Duplicates is how long NATS itself recognises an event sent twice: 10 minutes.
	Duplicates time.Duration
	// Replicas is on how many servers of a cluster the stream is kept: 1.
	Replicas int
}

func (c StreamConfig) withDefaults() StreamConfig {
	if c.MaxAge <= 0 {
		c.MaxAge = 90 * 24 * time.Hour
	}
	if c.Duplicates <= 0 {
		c.Duplicates = 10 * time.Minute
	}
	if c.Replicas <= 0 {
		c.Replicas = 1
	}
	return c
}

// What we last set is written into the stream's metadata. A value that differs from it is the operator's.
const (
	metaMaxAge     = "countersign.max_age"
	metaDuplicates = "countersign.duplicate_window"
	metaReplicas   = "countersign.replicas"
)

func (c StreamConfig) metadata() map[string]string {
	return map[string]string{metaMaxAge: c.MaxAge.String(), metaDuplicates: c.Duplicates.String(), metaReplicas: strconv.Itoa(c.Replicas)}
}

// askWithin is how long NATS may take to answer a question about a stream, or do something to it.
const askWithin = 5 * time.Second

// ensureStream finds or creates the stream and brings it to what want says, as far as no operator has said otherwise. A change that NATS
// does not allow is logged; the stream is then used as it is.
func ensureStream(ctx context.Context, js jetstream.JetStream, want StreamConfig, log *slog.Logger) (jetstream.Stream, error) {
	stream, err := js.Stream(ctx, event.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, jetstream.StreamConfig{
			Name: event.Stream, Description: "What happened on calls (Countersign)", Subjects: []string{event.Subjects}, Storage: jetstream.FileStorage,
			MaxAge: want.MaxAge, Duplicates: want.Duplicates, Replicas: want.Replicas, Metadata: want.metadata(),
		})
		if err != nil {
			return nil, fmt.Errorf("create the stream %s: %w", event.Stream, err)
		}
		return stream, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the stream %s: %w", event.Stream, err)
	}
	have := stream.CachedInfo().Config
	if have.Storage != jetstream.FileStorage || have.Retention != jetstream.LimitsPolicy {
		log.Warn("stream may lose events, it wants file storage and retention by limits", "stream", event.Stream,
			"storage", have.Storage.String(), "retention", have.Retention.String())
	}
	merged, changed := merge(have, want)
	if !changed {
		return stream, nil
	}
	updated, err := js.UpdateStream(ctx, merged)
	switch {
	case err == nil:
		return updated, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !refused(err):
		return nil, fmt.Errorf("change the stream %s: %w", event.Stream, err)
	}
	log.Warn("stream left as it is, nats does not allow the change", "stream", event.Stream, "err", err)
	return stream, nil
}

// merge changes what is ours to change: the subjects and acks that the relay cannot do without, and each limit that still has the value
// which we once set.
func merge(have jetstream.StreamConfig, want StreamConfig) (merged jetstream.StreamConfig, changed bool) {
	merged = have
	if !slices.ContainsFunc(have.Subjects, func(s string) bool { return s == event.Subjects || s == ">" || s == "countersign.>" }) {
		own := func(s string) bool { return strings.HasPrefix(s, subjectPrefix) }
		merged.Subjects = append(slices.DeleteFunc(slices.Clone(have.Subjects), own), event.Subjects)
		changed = true
	}
	if have.NoAck {
		merged.NoAck, changed = false, true
	}
	merged.Metadata = maps.Clone(have.Metadata)
	set := func(key, current, wanted string, apply func()) {
		if current == wanted || have.Metadata[key] != current {
			return
		}
		apply()
		merged.Metadata[key], changed = wanted, true
	}
	ours := want.metadata()
	set(metaMaxAge, have.MaxAge.String(), ours[metaMaxAge], func() { merged.MaxAge = want.MaxAge })
	set(metaDuplicates, have.Duplicates.String(), ours[metaDuplicates], func() { merged.Duplicates = want.Duplicates })
	set(metaReplicas, strconv.Itoa(have.Replicas), ours[metaReplicas], func() { merged.Replicas = want.Replicas })
	return merged, changed
}
