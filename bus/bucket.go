package bus

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/session/shared"
)

var _ shared.Store = (*Bucket)(nil)

// Bucket is a JetStream key-value bucket, one that `nats kv` can read. Each call takes a bounded time, and none while NATS is away, or goes away meanwhile (ErrAway). An
// error of a write other than shared.ErrConflict does not say that nothing was written.
type Bucket struct {
	state  *State
	spec   bucketSpec
	within time.Duration
	// seal, if set, seals the values of the keys that sealed names.
	seal   cipher.AEAD
	sealed func(key string) bool

	mu     sync.Mutex
	stream jetstream.Stream
}

// keyed is an entry of a bucket.
type keyed struct {
	key      string
	value    []byte
	revision uint64
	// gone is a note that the key was deleted.
	gone bool
}

// keyPattern is what NATS takes for a key, without what would be a wildcard or an empty token.
var keyPattern = regexp.MustCompile(`^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$`)

// Get reads a value and its revision.
func (b *Bucket) Get(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	ctx, cancel := b.state.alive.within(ctx, b.within)
	defer cancel()
	e, err := b.last(ctx, key)
	if err != nil {
		return nil, 0, err
	}
	if e.gone {
		return nil, 0, fmt.Errorf("%s/%s: %w", b.spec.name, key, shared.ErrNotFound)
	}
	return e.value, e.revision, nil
}

// Create writes a key that is not there, or shared.ErrConflict. It is kept for that long: shared.ByDefault as the bucket says, shared.Forever until it is changed.
func (b *Bucket) Create(ctx context.Context, key string, value []byte, keep time.Duration) (revision uint64, err error) {
	ctx, cancel := b.state.alive.within(ctx, b.within)
	defer cancel()
	revision, err = b.put(ctx, key, value, nil, keep, jetstream.WithExpectLastSequencePerSubject(0))
	if !errors.Is(err, shared.ErrConflict) {
		return revision, err
	}
	if e, lastErr := b.last(ctx, key); lastErr == nil && e.gone {
		return b.put(ctx, key, value, nil, keep, jetstream.WithExpectLastSequencePerSubject(e.revision))
	}
	return 0, err
}

// Update writes a key whose revision is still that one, or shared.ErrConflict.
func (b *Bucket) Update(ctx context.Context, key string, value []byte, revision uint64, keep time.Duration) (uint64, error) {
	ctx, cancel := b.state.alive.within(ctx, b.within)
	defer cancel()
	return b.put(ctx, key, value, nil, keep, jetstream.WithExpectLastSequencePerSubject(revision))
}

// Put writes a key whatever is there.
func (b *Bucket) Put(ctx context.Context, key string, value []byte, keep time.Duration) (revision uint64, err error) {
	ctx, cancel := b.state.alive.within(ctx, b.within)
	defer cancel()
	return b.put(ctx, key, value, nil, keep)
}

// Delete removes a key. One that is not there is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	ctx, cancel := b.state.alive.within(ctx, b.within)
	defer cancel()
	_, err := b.put(ctx, key, nil, nats.Header{operationHeader: {operationDelete}}, shared.ByDefault)
	return err
}

// All reads every key that begins with prefix and a dot; every key there is if prefix is empty.
func (b *Bucket) All(ctx context.Context, prefix string) (map[string][]byte, error) {
	ctx, cancel := b.state.alive.within(ctx, max(b.within, allWithin))
	defer cancel()
	pattern := ">"
	if prefix != "" {
		pattern = prefix + ".>"
	}
	stream, err := b.ready()
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(b.subject(pattern)))
	if err != nil {
		return nil, b.failed(ctx, pattern, err)
	}
	all := make(map[string][]byte, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		key := strings.TrimPrefix(subject, b.subject(""))
		e, err := b.last(ctx, key)
		switch {
		case errors.Is(err, shared.ErrNotFound):
		case err != nil:
			return nil, err
		case !e.gone:
			all[key] = e.value
		}
	}
	return all, nil
}

// allWithin bounds reading many keys.
const allWithin = 2 * time.Second

// history reads what is left of the values of a key, oldest first.
func (b *Bucket) history(ctx context.Context, key string) (entries []keyed, err error) {
	stream, err := b.ready()
	if err != nil {
		return nil, err
	}
	for next := uint64(1); ; {
		msg, err := stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(b.subject(key)))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return entries, nil
		}
		if err != nil {
			return nil, b.failed(ctx, key, err)
		}
		entries = append(entries, entryOf(key, msg.Data, msg.Header, msg.Sequence))
		next = msg.Sequence + 1
	}
}

// last reads what was last written under a key, a note that it was deleted too.
func (b *Bucket) last(ctx context.Context, key string) (keyed, error) {
	if !keyPattern.MatchString(key) {
		return keyed{}, fmt.Errorf("%s: %q is no key", b.spec.name, key)
	}
	stream, err := b.ready()
	if err != nil {
		return keyed{}, err
	}
	msg, err := stream.GetLastMsgForSubject(ctx, b.subject(key))
	if err != nil {
		return keyed{}, b.failed(ctx, key, err)
	}
	return b.unsealed(entryOf(key, msg.Data, msg.Header, msg.Sequence))
}

// How a key-value bucket notes that a key is gone (ADR-8, ADR-43).
const (
	operationHeader = "KV-Operation"
	operationDelete = "DEL"
	markerHeader    = "Nats-Marker-Reason"
)

func entryOf(key string, value []byte, h nats.Header, revision uint64) keyed {
	return keyed{key: key, value: value, revision: revision, gone: h.Get(operationHeader) != "" || h.Get(markerHeader) != ""}
}

const ttlNever = "never"

func (b *Bucket) put(ctx context.Context, key string, value []byte, h nats.Header, keep time.Duration, options ...jetstream.PublishOpt) (uint64, error) {
	if !keyPattern.MatchString(key) {
		return 0, fmt.Errorf("%s: %q is no key", b.spec.name, key)
	}
	stream, err := b.ready()
	if err != nil {
		return 0, err
	}
	if h == nil {
		h = nats.Header{}
	}
	if stream.CachedInfo().Config.AllowMsgTTL {
		switch {
		case keep == shared.Forever:
			h.Set(jetstream.MsgTTLHeader, ttlNever)
		case keep > 0:
			seconds := (keep + time.Second - 1) / time.Second
			h.Set(jetstream.MsgTTLHeader, strconv.FormatInt(int64(seconds), 10))
		}
	}
	msg := &nats.Msg{Subject: b.subject(key), Header: h, Data: b.seals(key, value)}
	ack, err := b.state.js.PublishMsg(ctx, msg, append(options, jetstream.WithRetryAttempts(0))...)
	if err != nil {
		return 0, b.failed(ctx, key, err)
	}
	return ack.Sequence, nil
}

func (b *Bucket) subject(key string) string { return "$KV." + b.spec.name + "." + key }

// ready gives the stream if NATS is there.
func (b *Bucket) ready() (jetstream.Stream, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stream == nil || !b.state.conn.IsConnected() {
		return nil, fmt.Errorf("%s: %w", b.spec.name, ErrAway)
	}
	return b.stream, nil
}

func (b *Bucket) ensure(ctx context.Context, js jetstream.JetStream, replicas int, log *slog.Logger) error {
	stream, err := ensureBucket(ctx, js, b.spec, replicas, log)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stream = stream
	return nil
}

// failed says in our words what NATS said.
func (b *Bucket) failed(ctx context.Context, key string, err error) error {
	at := b.spec.name + "/" + key
	var refusal *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return fmt.Errorf("%s: %w", at, shared.ErrNotFound)
	case hasCode(err, jetstream.JSErrCodeStreamWrongLastSequence), hasCode(err, jetstream.JSErrCodeStreamWrongLastSequenceConstant):
		return fmt.Errorf("%s: %w", at, shared.ErrConflict)
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%s: %w", at, context.Cause(ctx))
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, jetstream.ErrStreamNotFound), errors.Is(err, nats.ErrNoResponders):
		b.state.missing()
	case errors.As(err, &refusal), errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("%s: %w", at, err)
	}
	return fmt.Errorf("%s: %w: %w", at, ErrAway, err)
}
