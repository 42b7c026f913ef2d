package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"countersign/internal/retry"
	"countersign/session/event"
)

// Erased counts what Erase removed from NATS.
type Erased struct {
	// Events counts messages of the stream, Calls and Tokens the values kept for calls and tokens.
	Events int `json:"events"`
	Calls  int `json:"calls"`
	Tokens int `json:"tokens"`
	// Page counts the values of their page: links, visits, passkeys, questions of calls, callbacks, alerts.
	Page int `json:"page"`
}

// Erase removes a customer from NATS: every message of the calls on which they were named and of the calls given, and
// the values kept for those calls, for their tokens and for their page. Messages with personal data are overwritten in NATS's files.
// at, if set, hears the progress. An error does not stop Erase from removing the rest.
func (s *State) Erase(ctx context.Context, customer string, calls []string,
	at func(done, of int)) (e Erased, err error) {
	var errs []error
	if e.Calls, err = s.calls.forget(ctx, customer, ">"); err != nil {
		errs = append(errs, fmt.Errorf("erase from NATS: %w", err))
	}
	if e.Tokens, err = s.guard.forget(ctx, customer, tokenPrefix+">"); err != nil {
		errs = append(errs, fmt.Errorf("erase from NATS: %w", err))
	}
	if e.Page, err = s.customers.forget(ctx, customer, ">"); err != nil {
		errs = append(errs, fmt.Errorf("erase from NATS: %w", err))
	}
	if e.Events, err = s.eraseEvents(ctx, customer, calls, at); err != nil {
		errs = append(errs, fmt.Errorf("erase from the stream %s: %w", event.Stream, err))
	}
	return e, errors.Join(errs...)
}

// forget deletes the values that name a customer, among the keys that match a pattern. It reads them all in one pass.
func (b *Bucket) forget(ctx context.Context, customer, pattern string) (n int, err error) {
	stream, err := b.ready()
	if err != nil {
		return 0, err
	}
	var theirs []string
	config := jetstream.ConsumerConfig{FilterSubject: b.subject(pattern)}
	err = scan(ctx, stream, config, func(msg jetstream.Msg, revision uint64) (more bool) {
		key := strings.TrimPrefix(msg.Subject(), b.subject(""))
		e, err := b.unsealed(entryOf(key, msg.Data(), msg.Headers(), revision))
		var named struct {
			Customer string `json:"customer"`
		}
		if err == nil && !e.deleted && json.Unmarshal(e.value, &named) == nil && named.Customer == customer {
			theirs = append(theirs, key)
		}
		return true
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", b.spec.name, err)
	}
	for _, key := range theirs {
		if err := b.Delete(ctx, key); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// naming lists the facts that name a customer.
var naming = []event.Fact{
	event.FactIdentified, event.FactVerified, event.FactFailed, event.FactLocked, event.FactCallEnded,
	event.FactCallbackBooked, event.FactCallbackChanged, event.FactCallbackDue, event.FactCallbackAttempted,
	event.FactCallbackDone, event.FactCallbackCancelled, event.FactAlertSent, event.FactAlertAnswered,
	event.FactAlarm,
}

// eraseEvents finds the calls by the events that name the customer, then all messages of these calls by their ids.
func (s *State) eraseEvents(ctx context.Context, customer string, calls []string,
	at func(done, of int)) (erased int, err error) {
	stream, err := s.js.Stream(ctx, event.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	erase, err := messagesOf(ctx, stream, customer, calls)
	if err != nil {
		return 0, err
	}
	for _, n := range slices.Sorted(maps.Keys(erase)) { // in order, so that NATS needs one of its blocks at a time
		if err := deleteMessage(ctx, stream, n, erase[n]); err != nil {
			return erased, fmt.Errorf("message %d: %w", n, err)
		}
		if erased++; at != nil {
			at(erased, len(erase))
		}
	}
	return erased, nil
}

// messagesOf finds the messages to erase, by sequence; true means that one must be overwritten.
func messagesOf(ctx context.Context, stream jetstream.Stream, customer string,
	calls []string) (erase map[uint64]bool, err error) {
	theirs := map[string]bool{}
	for _, call := range calls {
		theirs[call] = true
	}
	erase = map[uint64]bool{}
	subjects := make([]string, len(naming))
	for i, fact := range naming {
		subjects[i] = subjectPrefix + "*." + string(fact)
	}
	named := jetstream.ConsumerConfig{FilterSubjects: subjects}
	err = scan(ctx, stream, named, func(msg jetstream.Msg, n uint64) (more bool) {
		var e struct {
			Call string `json:"call"`
			Data struct {
				Customer string `json:"customer"`
			} `json:"data"`
		}
		if json.Unmarshal(msg.Data(), &e) == nil && e.Data.Customer == customer {
			theirs[e.Call], erase[n] = true, true
		}
		return true
	})
	if err != nil || len(theirs) == 0 {
		return erase, err
	}
	all := jetstream.ConsumerConfig{HeadersOnly: true}
	err = scan(ctx, stream, all, func(msg jetstream.Msg, n uint64) (more bool) {
		if theirs[callOf(msg.Headers().Get(jetstream.MsgIDHeader))] {
			erase[n] = erase[n] || overwritten(msg.Subject())
		}
		return true
	})
	return erase, err
}

// callOf returns the call from the id of a message: "<call>.<seq>", or "<replay>/<call>.<seq>" for a replayed event.
func callOf(id string) string {
	id = id[strings.LastIndexByte(id, '/')+1:]
	return id[:max(0, strings.LastIndexByte(id, '.'))]
}

// overwritten reports whether a message holds personal data. Steps do not, and overwriting one costs NATS a rewrite
// of up to 8 MB.
func overwritten(subject string) bool {
	fact := event.Fact(subject[strings.LastIndexByte(subject, '.')+1:])
	return fact != event.FactStepStarted && fact != event.FactStepFinished
}

// deleteMessage removes a message. It is no error if the message is gone already.
func deleteMessage(ctx context.Context, stream jetstream.Stream, n uint64, overwrite bool) error {
	remove := stream.DeleteMsg
	if overwrite {
		remove = stream.SecureDeleteMsg
	}
	err := remove(ctx, n)
	if err == nil {
		return nil
	}
	if _, there := stream.GetMsg(ctx, n); errors.Is(there, jetstream.ErrMsgNotFound) {
		return nil
	}
	return err
}

// AwaitConsumer returns when a durable consumer has handled the events that were delivered to it before the call, or
// with ctx's error. A missing consumer has nothing to handle.
func (s *State) AwaitConsumer(ctx context.Context, durable string) error {
	delivered := uint64(0)
	for first := true; ; first = false {
		consumer, err := s.js.Consumer(ctx, event.Stream, durable)
		if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look at the consumer %s: %w", durable, err)
		}
		info := consumer.CachedInfo()
		if first {
			delivered = info.Delivered.Stream
		}
		if info.NumAckPending == 0 || info.AckFloor.Stream >= delivered {
			return nil
		}
		if retry.Pause(ctx, retryFirst) != nil {
			return fmt.Errorf("wait for the consumer %s: %w", durable, context.Cause(ctx))
		}
	}
}
