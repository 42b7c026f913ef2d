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

// StreamConfig configures the stream COUNTERSIGN. What an operator changes with the nats tool stays changed.
type StreamConfig struct {
	// MaxAge is how long events are kept: 90 days.
	MaxAge time.Duration
	// Duplicates is how long NATS itself recognises an event sent twice: 10 minutes.
	Duplicates time.Duration
	// Replicas is how many servers of a cluster keep the stream. 0 leaves a stream as it is, and makes a new one on one.
	Replicas int
	// atOnce allows atomic batches. Older servers than ours do not know them, so it is for the embedded one.
	atOnce bool
}

func (c StreamConfig) withDefaults() StreamConfig {
	if c.MaxAge <= 0 {
		c.MaxAge = 90 * 24 * time.Hour
	}
	if c.Duplicates <= 0 {
		c.Duplicates = 10 * time.Minute
	}
	return c
}

// The settings that we made last, noted in the stream's metadata. A setting that differs from its note is the
// operator's.
const (
	metaMaxAge     = "countersign.max_age"
	metaDuplicates = "countersign.duplicate_window"
	metaReplicas   = "countersign.replicas"
)

func (c StreamConfig) metadata() map[string]string {
	made := map[string]string{
		metaMaxAge: c.MaxAge.String(), metaDuplicates: c.Duplicates.String(), metaReplicas: strconv.Itoa(max(1, c.Replicas)),
	}
	if c.atOnce {
		made[metaAtOnce] = "true"
	}
	return made
}

// askWithin bounds one request about a stream.
const askWithin = 5 * time.Second

// ensureStream finds or creates the stream and applies the settings, except those that an operator has changed. It
// logs a change that NATS does not allow and uses the stream as it is.
func ensureStream(ctx context.Context, js jetstream.JetStream, want StreamConfig,
	log *slog.Logger) (stream jetstream.Stream, created bool, err error) {
	stream, err = js.Stream(ctx, event.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, jetstream.StreamConfig{
			Name: event.Stream, Description: "What happened on calls (Countersign)",
			Subjects: []string{event.Subjects}, Storage: jetstream.FileStorage,
			MaxAge: want.MaxAge, Duplicates: want.Duplicates, Replicas: max(1, want.Replicas), Metadata: want.metadata(),
			AllowAtomicPublish: want.atOnce,
		})
		if err != nil {
			return nil, false, fmt.Errorf("create the stream %s: %w", event.Stream, err)
		}
		return stream, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find the stream %s: %w", event.Stream, err)
	}
	have := stream.CachedInfo().Config
	if have.Storage != jetstream.FileStorage || have.Retention != jetstream.LimitsPolicy {
		log.Warn("stream may lose events: set file storage and retention by limits", "stream", event.Stream,
			"storage", have.Storage.String(), "retention", have.Retention.String())
	}
	merged, changed := merge(have, want)
	if !changed {
		return stream, false, nil
	}
	updated, err := js.UpdateStream(ctx, merged)
	switch {
	case err == nil:
		return updated, false, nil
	case ctx.Err() != nil:
		return nil, false, context.Cause(ctx)
	case !refused(err):
		return nil, false, fmt.Errorf("change the stream %s: %w", event.Stream, err)
	}
	log.Warn("stream left as it is, nats does not allow the change", "stream", event.Stream, "err", err)
	return stream, false, nil
}

// merge changes the settings that are ours: the subjects and acks that the relay needs, and each limit that still has
// the value which we set.
func merge(have jetstream.StreamConfig, want StreamConfig) (merged jetstream.StreamConfig, changed bool) {
	merged = have
	covers := func(s string) bool { return s == event.Subjects || s == ">" || s == "countersign.>" }
	if !slices.ContainsFunc(have.Subjects, covers) {
		own := func(s string) bool { return strings.HasPrefix(s, subjectPrefix) }
		merged.Subjects = append(slices.DeleteFunc(slices.Clone(have.Subjects), own), event.Subjects)
		changed = true
	}
	if have.NoAck {
		merged.NoAck, changed = false, true
	}
	merged.Metadata = maps.Clone(have.Metadata)
	if want.atOnce && allowAtOnce(&merged) {
		changed = true
	}
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
	if want.Replicas > 0 {
		set(metaReplicas, strconv.Itoa(have.Replicas), ours[metaReplicas], func() { merged.Replicas = want.Replicas })
	}
	return merged, changed
}
