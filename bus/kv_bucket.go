package bus

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
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

// Bucket is a JetStream key-value bucket; `nats kv` can read it. Every call is bounded in time, and fails at once
// with ErrAway while NATS is away or when the connection is lost. After a failed write other than shared.ErrConflict,
// the value may have been written all the same.
type Bucket struct {
	state  *State
	spec   bucketSpec
	within time.Duration
	// seal, if set, encrypts the values of the keys for which sealed is true.
	seal   cipher.AEAD
	sealed func(key string) bool

	group group

	// ensuring is held while the stream is looked for: of two who create it at once, NATS tells both that they did.
	ensuring sync.Mutex

	mu     sync.Mutex
	stream jetstream.Stream
}

// record is what a bucket holds under one key.
type record struct {
	key      string
	value    []byte
	revision uint64
	deleted  bool
	expired  bool // after its time, or by a limit
}

// keyPattern matches the keys that NATS accepts: no wildcards, no empty tokens.
var keyPattern = regexp.MustCompile(`^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$`)

// Get reads a value and its revision.
func (b *Bucket) Get(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	ctx, end, err := b.begin(ctx, b.within)
	if err != nil {
		return nil, 0, err
	}
	defer end()
	e, err := b.last(ctx, key)
	if err != nil {
		return nil, 0, err
	}
	if e.deleted {
		return nil, 0, fmt.Errorf("%s/%s: %w", b.spec.name, key, shared.ErrNotFound)
	}
	return e.value, e.revision, nil
}

// Create writes a key that does not exist; otherwise it returns shared.ErrConflict. The value is kept for that long:
// shared.ByDefault for the bucket's own time, shared.Forever until it is changed.
func (b *Bucket) Create(ctx context.Context, key string, value []byte,
	keep time.Duration) (revision uint64, err error) {
	ctx, end, err := b.begin(ctx, b.within)
	if err != nil {
		return 0, err
	}
	defer end()
	revision, err = b.put(ctx, key, value, expect(0), keep)
	if !errors.Is(err, shared.ErrConflict) {
		return revision, err
	}
	if e, lastErr := b.last(ctx, key); lastErr == nil && e.deleted {
		return b.put(ctx, key, value, expect(e.revision), keep)
	}
	return 0, err
}

// Update overwrites a key that is still at that revision; otherwise it returns shared.ErrConflict.
func (b *Bucket) Update(ctx context.Context, key string, value []byte, revision uint64,
	keep time.Duration) (uint64, error) {
	ctx, end, err := b.begin(ctx, b.within)
	if err != nil {
		return 0, err
	}
	defer end()
	return b.put(ctx, key, value, expect(revision), keep)
}

// Put writes a key, whether it exists or not.
func (b *Bucket) Put(ctx context.Context, key string, value []byte, keep time.Duration) (revision uint64, err error) {
	ctx, end, err := b.begin(ctx, b.within)
	if err != nil {
		return 0, err
	}
	defer end()
	return b.put(ctx, key, value, nil, keep)
}

// Delete removes a key. Deleting a missing key is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	ctx, end, err := b.begin(ctx, b.within)
	if err != nil {
		return err
	}
	defer end()
	_, err = b.put(ctx, key, nil, nats.Header{operationHeader: {operationDelete}}, shared.ByDefault)
	return err
}

// All reads every key that begins with prefix and a dot, or all keys if prefix is empty.
func (b *Bucket) All(ctx context.Context, prefix string) (map[string][]byte, error) {
	ctx, end, err := b.begin(ctx, max(b.within, allWithin))
	if err != nil {
		return nil, err
	}
	defer end()
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
	if len(info.State.Subjects) > mostOneByOne {
		return b.allAtOnce(ctx, stream, pattern)
	}
	all := make(map[string][]byte, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		key := strings.TrimPrefix(subject, b.subject(""))
		e, err := b.last(ctx, key)
		switch {
		case errors.Is(err, shared.ErrNotFound):
		case err != nil:
			return nil, err
		case !e.deleted:
			all[key] = e.value
		}
	}
	return all, nil
}

const (
	// allWithin bounds reading many keys.
	allWithin = 2 * time.Second
	// mostOneByOne is how many keys are asked for one after the other, each a round trip. More are read by a consumer,
	// which takes four round trips and one for each scanChunk keys.
	mostOneByOne = 32
)

// allAtOnce reads the newest value of every key that matches pattern.
func (b *Bucket) allAtOnce(ctx context.Context, stream jetstream.Stream, pattern string) (map[string][]byte, error) {
	newest := jetstream.ConsumerConfig{
		FilterSubject: b.subject(pattern), DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
	}
	all := map[string][]byte{}
	err := scan(ctx, stream, newest, func(msg jetstream.Msg, revision uint64) (more bool) {
		e := entryOf(strings.TrimPrefix(msg.Subject(), b.subject("")), msg.Data(), msg.Headers(), revision)
		if e, err := b.unsealed(e); err == nil && !e.deleted {
			all[e.key] = e.value
		}
		return true
	})
	if err != nil {
		return nil, b.failed(ctx, pattern, err)
	}
	return all, nil
}

// history reads the values of a key that the bucket still has, oldest first.
func (b *Bucket) history(ctx context.Context, key string) (entries []record, err error) {
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

// last reads the newest record of a key, which may be a deletion.
func (b *Bucket) last(ctx context.Context, key string) (record, error) {
	if !keyPattern.MatchString(key) {
		return record{}, fmt.Errorf("%s: %q is no key", b.spec.name, key)
	}
	stream, err := b.ready()
	if err != nil {
		return record{}, err
	}
	msg, err := stream.GetLastMsgForSubject(ctx, b.subject(key))
	if err != nil {
		return record{}, b.failed(ctx, key, err)
	}
	return b.unsealed(entryOf(key, msg.Data, msg.Header, msg.Sequence))
}

// How a key-value bucket marks a deleted or expired key (ADR-8, ADR-43).
const (
	operationHeader = "KV-Operation"
	operationDelete = "DEL"
	operationPurge  = "PURGE"
	markerHeader    = "Nats-Marker-Reason"
)

func entryOf(key string, value []byte, h nats.Header, revision uint64) record {
	deleted := h.Get(operationHeader) != "" || h.Get(markerHeader) != ""
	return record{key: key, value: value, revision: revision, deleted: deleted}
}

const ttlNever = "never"

func (b *Bucket) put(ctx context.Context, key string, value []byte, h nats.Header, keep time.Duration) (uint64, error) {
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
		b.setTTL(h, keep)
	}
	msg := &nats.Msg{Subject: b.subject(key), Header: h, Data: b.sealValue(key, value)}
	if b.spec.atOnce {
		revision, err := b.group.publish(ctx, msg)
		if err != nil {
			return 0, b.failed(ctx, key, err)
		}
		return revision, nil
	}
	ack, err := b.state.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	if err != nil {
		return 0, b.failed(ctx, key, err)
	}
	return ack.Sequence, nil
}

// expect makes NATS refuse a write unless the key is at that revision; 0: missing.
func expect(revision uint64) nats.Header {
	return nats.Header{jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(revision, 10)}}
}

// setTTL says how long NATS keeps a value.
func (b *Bucket) setTTL(h nats.Header, keep time.Duration) {
	if keep == shared.ByDefault {
		keep = b.spec.keep
	}
	switch {
	case keep == shared.Forever:
		h.Set(jetstream.MsgTTLHeader, ttlNever)
	case keep > 0:
		seconds := (keep + time.Second - 1) / time.Second
		h.Set(jetstream.MsgTTLHeader, strconv.FormatInt(int64(seconds), 10))
	}
}

func (b *Bucket) subject(key string) string { return "$KV." + b.spec.name + "." + key }

// ready returns the bucket's stream while NATS is connected.
func (b *Bucket) ready() (jetstream.Stream, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stream == nil || !b.state.conn.IsConnected() {
		return nil, fmt.Errorf("%s: %w", b.spec.name, ErrAway)
	}
	return b.stream, nil
}

// ensure finds or creates the bucket's stream. It says so if the bucket must have existed before.
func (b *Bucket) ensure(ctx context.Context, js jetstream.JetStream) (jetstream.Stream, error) {
	b.ensuring.Lock()
	defer b.ensuring.Unlock()
	o := b.state.options
	stream, created, err := ensureBucket(ctx, js, b.spec, o.Replicas, o.Log)
	b.mu.Lock()
	existed := b.stream != nil
	if err == nil {
		b.stream = stream
	}
	b.mu.Unlock()
	if created && (existed || o.Expected && !b.spec.later) {
		o.Lost("bucket " + b.spec.name)
	}
	return stream, err
}

// failed turns an error of NATS into ours.
func (b *Bucket) failed(ctx context.Context, key string, err error) error {
	at := b.spec.name + "/" + key
	var refusal *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return fmt.Errorf("%s: %w", at, shared.ErrNotFound)
	case hasCode(err, jetstream.JSErrCodeStreamWrongLastSequence),
		hasCode(err, jetstream.JSErrCodeStreamWrongLastSequenceConstant):
		return fmt.Errorf("%s: %w", at, shared.ErrConflict)
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%s: %w", at, context.Cause(ctx))
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, jetstream.ErrStreamNotFound),
		errors.Is(err, nats.ErrNoResponders):
		b.state.missing()
	case errors.As(err, &refusal), errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("%s: %w", at, err)
	}
	return fmt.Errorf("%s: %w: %w", at, ErrAway, err)
}
