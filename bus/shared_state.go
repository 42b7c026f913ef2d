package bus

import (
	"context"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/internal/retry"
	"countersign/session/event"
)

// ErrAway means that NATS cannot be reached or does not answer in time.
var ErrAway = errors.New("NATS is away")

// StateOptions configures the shared state. Log is required; zero values of the others are the defaults of
// docs/policy.md#nats.
type StateOptions struct {
	// Node goes into the source of events: "/countersign/<node>".
	Node string
	// Replicas is how many servers of a cluster keep the state. 0 leaves buckets as they are, and makes new ones on one.
	// What an operator set with the nats tool stays.
	Replicas int
	// GuardTTL is how long attempts are kept unless they are written for another time, 30 days; CallsTTL how long calls
	// are, 24 h.
	GuardTTL, CallsTTL time.Duration
	// Key encrypts the values that name customers, those of calls and tokens: 32 secret bytes, the same on all
	// machines. NATS keeps expired and overwritten values in its files for a while; without the key they are
	// unreadable. Values sealed with another key count as missing. Without a key nothing is sealed.
	Key []byte
	// Seal, if set, is in place of Key: it may change its key for what is written from then on, and opens what was sealed
	// before.
	Seal cipher.AEAD
	// Within bounds one operation that a call waits for: 250 ms.
	Within time.Duration
	// Stream configures the stream of events if it does not exist yet.
	Stream StreamConfig
	// KeepOlder, if set, says how long to keep a value of the bucket guard that an earlier version stored without a time:
	// it is written again with one. It is called from one goroutine.
	KeepOlder func(key string, value []byte) time.Duration
	// Share: machines share customers (Shards).
	Share bool
	// Sign, if set, signs what Publish publishes.
	Sign Signer
	// Expected: this machine has had shared state before. Lost hears of each bucket that had to be made although it must
	// have existed: what was in it is gone. It is called from any goroutine and must not wait.
	Expected bool
	Lost     func(what string)
	Log      *slog.Logger
}

func (o StateOptions) withDefaults() StateOptions {
	if o.GuardTTL <= 0 {
		o.GuardTTL = 30 * 24 * time.Hour
	}
	if o.CallsTTL <= 0 {
		o.CallsTTL = 24 * time.Hour
	}
	if o.Lost == nil {
		o.Lost = func(string) {}
	}
	if o.Within <= 0 {
		o.Within = 250 * time.Millisecond
	}
	return o
}

// Bounds on operations that no call waits for, unless StateOptions.Within is longer.
const (
	linesWithin   = 5 * time.Second
	peopleWithin  = 2 * time.Second
	publishWithin = 15 * time.Second
)

// Bounds on one attempt of what is tried again.
const (
	ensureWithin = 10 * time.Second
	publishRetry = time.Second // the longest pause between two
)

// State is what machines share in NATS: attempts and locks, calls, service lines. During an outage its methods fail
// at once with ErrAway; afterwards they work again. Any goroutine may use it.
type State struct {
	endpoint Endpoint
	conn     *nats.Conn
	alive    *lifetime // of the connection
	js       jetstream.JetStream
	options  StateOptions
	log      *slog.Logger

	guard, calls, lines, people, webhooks, recordings, customers, shards *Bucket

	again   chan struct{} // a bucket was found missing
	ensured chan struct{} // the buckets are as they should be
	cancel  context.CancelFunc
	once    sync.Once

	background sync.WaitGroup
	hang       *hang

	mu    sync.Mutex
	ready chan struct{} // closed when all buckets are there
	moved time.Time     // to another server, because one stored nothing
}

// OpenState connects and creates the buckets that are missing. It is no error if NATS is away. The caller closes the
// State.
func OpenState(endpoint Endpoint, o StateOptions) (*State, error) {
	o = o.withDefaults()
	alive := newLifetime()
	conn, err := endpoint.connect("countersign state", o.Log, alive.end)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", err)
	}
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(max(askWithin, o.Within)))
	if err != nil {
		conn.Close()
		return nil, err
	}
	seal, err := o.Seal, error(nil)
	if seal == nil {
		seal, err = newSeal(o.Key)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &State{
		endpoint: endpoint, conn: conn, alive: alive, js: js, options: o, log: o.Log,
		again: make(chan struct{}, 1), ensured: make(chan struct{}, 1),
		cancel: cancel, hang: newHang(), ready: make(chan struct{}),
	}
	s.guard = &Bucket{state: s, within: o.Within, seal: seal, sealed: isToken, spec: bucketSpec{
		name: "guard", about: "attempts and locks", keep: o.GuardTTL, history: 1, perKey: true, calls: true,
		atOnce: endpoint.embedded,
	}, group: group{js: js}}
	s.calls = &Bucket{state: s, within: o.Within, seal: seal, sealed: allKeys, spec: bucketSpec{
		name: "calls", about: "calls that were with us", ttl: o.CallsTTL, history: 1, perKey: true, calls: true,
		atOnce: endpoint.embedded,
	}, group: group{js: js}}
	s.lines = &Bucket{state: s, within: max(linesWithin, o.Within), spec: bucketSpec{
		name: "lines", about: "service lines", history: linesKept,
	}}
	s.people = &Bucket{state: s, within: max(peopleWithin, o.Within), seal: seal, sealed: allKeys, spec: bucketSpec{
		name: "people", about: "who may sign in, and their sessions", history: 1, perKey: true, later: true,
	}}
	s.webhooks = &Bucket{state: s, within: max(peopleWithin, o.Within), spec: bucketSpec{
		name: "webhooks", about: "what webhooks have still to deliver", history: 1, perKey: true, later: true,
	}}
	s.recordings = &Bucket{state: s, within: max(linesWithin, o.Within), spec: bucketSpec{
		name: "recordings", about: "recordings of prompts", history: 1, later: true,
	}}
	s.customers = &Bucket{state: s, within: max(peopleWithin, o.Within), seal: seal, sealed: allKeys, spec: bucketSpec{
		name: "customers", about: "callbacks, and what customers do on their page", history: 1, perKey: true, later: true,
	}}
	s.shards = &Bucket{state: s, within: max(linesWithin, o.Within), seal: seal,
		sealed: func(key string) bool { return key != SourceKey }, spec: bucketSpec{
			name: "shards", about: "customers, for the machines that share them", history: 1, later: true,
		}}
	s.background.Go(func() { s.keep(ctx, conn.StatusChanged(nats.CONNECTED)) })
	s.background.Go(func() { s.watchHang(ctx) })
	s.background.Go(func() { s.expireOlder(ctx) })
	return s, nil
}

// buckets are all of them.
func (s *State) buckets() []*Bucket {
	all := []*Bucket{s.guard, s.calls, s.lines, s.people, s.webhooks, s.recordings, s.customers}
	if s.options.Share {
		all = append(all, s.shards)
	}
	return all
}

// Guard holds attempts, locks and tokens.
func (s *State) Guard() *Bucket { return s.guard }

// Calls holds what is known about running calls.
func (s *State) Calls() *Calls { return &Calls{s.calls} }

// Lines holds the service lines.
func (s *State) Lines() *Lines { return &Lines{bucket: s.lines, state: s, now: time.Now} }

// People holds who may sign in to the screens.
func (s *State) People() *Bucket { return s.people }

// Webhooks holds how far each webhook is, and what it could not deliver.
func (s *State) Webhooks() *Bucket { return s.webhooks }

// Recordings holds the recordings that people have uploaded, by the name that lines have them under.
func (s *State) Recordings() *Bucket { return s.recordings }

// Customers holds callbacks, and the links and sessions of customers.
func (s *State) Customers() *Bucket { return s.customers }

// Ready returns when NATS is connected and the buckets exist, or with ctx's error.
func (s *State) Ready(ctx context.Context) error {
	s.mu.Lock()
	ready := s.ready
	s.mu.Unlock()
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %s: %w", ErrAway, s.endpoint, context.Cause(ctx))
	}
}

// Close ends the connection. Calling it twice is harmless.
func (s *State) Close() {
	s.once.Do(func() {
		s.cancel()
		s.background.Wait()
		closed := make(chan struct{})
		s.conn.SetClosedHandler(func(*nats.Conn) { close(closed) })
		s.conn.Close()
		<-closed
	})
}

// keep creates the missing buckets on each new connection, and when an operation found one missing.
func (s *State) keep(ctx context.Context, connected <-chan nats.Status) {
	warned := false
	var since time.Time // when the server began to fail; zero while it does not
	for delay := retry.Backoff(retryFirst, retryMost); ; {
		err := s.ensure(ctx)
		if ctx.Err() != nil {
			return
		}
		var retryNow <-chan time.Time
		switch {
		case err == nil:
			warned, since = false, time.Time{}
			delay.Reset()
			select {
			case s.ensured <- struct{}{}:
			default:
			}
		case errors.Is(err, errConnectionLost):
		default:
			if !warned {
				warned, since = true, time.Now()
				s.log.Warn("shared state unavailable", "server", s.endpoint.String(), "err", err)
			}
			s.moveOn(since)
			retryNow = time.After(delay.NextBackOff())
		}
		select {
		case <-ctx.Done():
			return
		case <-connected:
		case <-s.again:
			if retry.Pause(ctx, retryFirst) != nil {
				return
			}
		case <-retryNow:
		}
	}
}

func (s *State) ensure(ctx context.Context) error {
	if !s.conn.IsConnected() {
		return errConnectionLost
	}
	ctx, cancel := context.WithTimeout(ctx, ensureWithin)
	defer cancel()
	for _, b := range s.buckets() {
		if _, err := b.ensure(ctx, s.js); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ready:
	default:
		close(s.ready)
	}
	return nil
}

// missing makes keep look for missing buckets.
func (s *State) missing() {
	select {
	case s.again <- struct{}{}:
	default:
	}
}

// Publish publishes an event and waits for the ack, 15 s at most. It sends the event again only if NATS has refused it
// or the connection was lost, not because NATS is slow: everybody who listens would see it twice. It is for the few
// events that belong to no call; those of calls go through the outbox. Publishing the same event again is harmless.
func (s *State) Publish(ctx context.Context, e event.Event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("publish event %s: %w", e.ID, err)
	}
	msg := nats.NewMsg(e.Subject())
	msg.Data = body
	msg.Header.Set(contentTypeHeader, cloudEventsMediaType)
	msg.Header.Set(jetstream.MsgIDHeader, e.MessageID())
	if err := sign(msg, s.options.Sign); err != nil {
		return fmt.Errorf("publish event %s: %w", e.ID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, max(publishWithin, s.options.Within))
	defer cancel()
	for delay := retry.Backoff(retryFirst, publishRetry); ; {
		err := s.publish(ctx, msg)
		if err == nil {
			return nil
		}
		if hopeless(err) || ctx.Err() != nil || retry.Pause(ctx, delay.NextBackOff()) != nil {
			return fmt.Errorf("publish event %s: %w", e.ID, err)
		}
	}
}

func (s *State) publish(ctx context.Context, msg *nats.Msg) error {
	if !s.conn.IsConnected() {
		return ErrAway
	}
	ctx, cancel := s.alive.within(ctx, publishWithin)
	defer cancel()
	_, err := s.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		_, created, ensureErr := ensureStream(ctx, s.js, s.options.Stream.withDefaults(), s.log)
		if ensureErr != nil {
			return ensureErr
		}
		if created && s.options.Expected {
			s.options.Lost("stream " + event.Stream)
		}
		_, err = s.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	}
	return err
}
