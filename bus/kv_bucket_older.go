package bus

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/internal/retry"
	"countersign/session/shared"
)

// Earlier versions gave the bucket guard an age, and a NATS before 2.11 knows no other end of a value. Without that age
// what they wrote would never expire, so each value that has no time of its own is written once more, with one. The age
// goes first: until it has gone, NATS may remove what must last.

// metaOlder notes in a bucket that this was done.
const metaOlder = "countersign.older"

const olderDone = "expire"

// expireOlder gives the values of earlier versions an end, after each connection and until it is done.
func (s *State) expireOlder(ctx context.Context) {
	if s.options.KeepOlder == nil {
		return
	}
	for warned := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-s.ensured:
		}
		for delay := retry.Backoff(retryFirst, retryMost); ; {
			err := s.guard.expireOlder(ctx, s.options.KeepOlder)
			if err == nil || !s.conn.IsConnected() { // the next connection is another try
				break
			}
			if !warned {
				warned = true
				s.log.Warn("what earlier versions stored does not expire yet", "bucket", s.guard.spec.name, "err", err)
			}
			if retry.Pause(ctx, delay.NextBackOff()) != nil {
				return
			}
		}
	}
}

func (b *Bucket) expireOlder(ctx context.Context, keep func(key string, value []byte) time.Duration) error {
	stream, err := b.ready()
	if err != nil {
		return err
	}
	have := stream.CachedInfo().Config
	if !have.AllowMsgTTL || have.Metadata[metaOlder] == olderDone {
		return nil
	}
	var older []string
	all := jetstream.ConsumerConfig{FilterSubject: b.subject(">"), HeadersOnly: true}
	err = scan(ctx, stream, all, func(msg jetstream.Msg, _ uint64) (more bool) {
		if msg.Headers().Get(jetstream.MsgTTLHeader) == "" {
			older = append(older, strings.TrimPrefix(msg.Subject(), b.subject("")))
		}
		return true
	})
	if err != nil {
		return b.failed(ctx, "", err)
	}
	for _, key := range older {
		if err := b.expireOne(ctx, stream, key, keep); err != nil {
			return err
		}
	}
	ctx, cancel := b.state.alive.within(ctx, ensureWithin)
	defer cancel()
	info, err := stream.Info(ctx)
	if err != nil {
		return b.failed(ctx, "", err)
	}
	done := info.Config
	done.Metadata = maps.Clone(done.Metadata)
	done.Metadata[metaOlder] = olderDone
	if _, err = b.state.js.UpdateStream(ctx, done); err != nil {
		return b.failed(ctx, "", err)
	}
	return nil
}

// expireOne writes a value once more, with a time that counts from now: a clock that leapt ends nothing. If it changes
// meanwhile, it has a time.
func (b *Bucket) expireOne(ctx context.Context, stream jetstream.Stream, key string,
	keep func(key string, value []byte) time.Duration) error {
	ctx, cancel := b.state.alive.within(ctx, ensureWithin)
	defer cancel()
	msg, err := stream.GetLastMsgForSubject(ctx, b.subject(key))
	if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && msg.Header.Get(jetstream.MsgTTLHeader) != "" {
		return nil
	}
	if err != nil {
		return b.failed(ctx, key, err)
	}
	again := &nats.Msg{Subject: msg.Subject, Header: nats.Header{}, Data: msg.Data}
	how := shared.ByDefault
	e := entryOf(key, msg.Data, msg.Header, msg.Sequence)
	if e.deleted {
		again.Header.Set(operationHeader, operationDelete)
	} else if e, err := b.unsealed(e); err == nil {
		how = keep(key, e.value)
	}
	b.setTTL(again.Header, how)
	_, err = b.state.js.PublishMsg(ctx, again, jetstream.WithExpectLastSequencePerSubject(msg.Sequence),
		jetstream.WithRetryAttempts(0))
	if err == nil {
		return nil
	}
	if err = b.failed(ctx, key, err); errors.Is(err, shared.ErrConflict) {
		return nil
	}
	return err
}
