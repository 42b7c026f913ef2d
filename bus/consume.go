package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"countersign/internal/retry"
	"countersign/session/event"
)

// ConsumeOptions are the options of Consume.
type ConsumeOptions struct {
	// Durable names the consumer. NATS keeps under this name what was handled; processes with the same name share the
	// events.
	Durable string
	// Batch is the most events that are handled together, 500; Within is how long the first waits for more, 250 ms.
	Batch  int
	Within time.Duration
	// Progress, if set, hears how many events in the stream are not handled yet: at the start, after each batch, and
	// each second without one.
	Progress func(left uint64)
	Log      *slog.Logger
}

func (o ConsumeOptions) withDefaults() ConsumeOptions {
	if o.Batch <= 0 {
		o.Batch = 500
	}
	if o.Within <= 0 {
		o.Within = 250 * time.Millisecond
	}
	return o
}

const (
	// forgetConsumer is how long NATS keeps an idle consumer. By then the events that it missed have expired, too.
	forgetConsumer = 90 * 24 * time.Hour
	// handleWithin is how long a batch may take before NATS delivers it again, which does no harm.
	handleWithin = 5 * time.Second
	// Between attempts to handle a batch.
	handleRetryFirst = 50 * time.Millisecond
	handleRetryMost  = 5 * time.Second
	progressEvery    = time.Second
	// giveBackWithin bounds handing unhandled events back at the end.
	giveBackWithin = 200 * time.Millisecond
)

// Consume hands every event of the stream to handle, in batches, until ctx ends, and acknowledges a batch when handle
// returns nil. Unacknowledged events come again, to this process or the next one: handle must recognise events that
// it has seen. A batch that fails is retried for ever. NATS may be away at any time. Events of a kind that this
// version does not know, messages that are no events, and replays are skipped. handle and Progress are called from
// the goroutine of Consume, one at a time.
func Consume(ctx context.Context, nats Endpoint, o ConsumeOptions,
	handle func(context.Context, []event.Event) error) error {
	if o.Durable == "" {
		return errors.New("consume: the consumer has no name")
	}
	c := &consumption{options: o.withDefaults(), handle: handle}
	(&link{endpoint: nats, name: "countersign " + o.Durable, log: o.Log}).run(ctx, c.follow)
	return nil
}

type consumption struct {
	options ConsumeOptions
	handle  func(context.Context, []event.Event) error
}

// follow consumes over one connection.
func (c *consumption) follow(ctx context.Context, conn *nats.Conn, up func()) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	consumer, err := c.find(ctx, js)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(2 * c.options.Batch))
	if err != nil {
		return err
	}
	defer func() { giveBack(conn, messages) }()
	up()
	c.progress(consumer.CachedInfo())
	for {
		batch, err := c.gather(ctx, messages)
		if err != nil {
			return err
		}
		if err := c.settle(ctx, conn, batch); err != nil {
			return err
		}
		if c.options.Progress == nil {
			continue
		}
		info, err := consumer.Info(ctx)
		if err != nil {
			return err
		}
		c.progress(info)
	}
}

// find returns the consumer as it is, or creates it.
func (c *consumption) find(ctx context.Context, js jetstream.JetStream) (jetstream.Consumer, error) {
	consumer, err := js.Consumer(ctx, event.Stream, c.options.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		consumer, err = js.CreateConsumer(ctx, event.Stream, jetstream.ConsumerConfig{
			Durable: c.options.Durable, Description: "Countersign " + c.options.Durable,
			DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckExplicitPolicy,
			AckWait: handleWithin, MaxAckPending: 8 * c.options.Batch, InactiveThreshold: forgetConsumer,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("find or create the consumer %s of the stream %s: %w", c.options.Durable, event.Stream, err)
	}
	return consumer, nil
}

// gather waits for one message, then a moment for more. With Progress it returns an empty batch after a second
// without a message: other processes may have made progress.
func (c *consumption) gather(ctx context.Context, messages jetstream.MessagesContext) ([]jetstream.Msg, error) {
	waiting, done := ctx, func() {}
	if c.options.Progress != nil {
		waiting, done = context.WithTimeout(ctx, progressEvery)
	}
	defer done()
	first, err := messages.Next(jetstream.NextContext(waiting))
	switch {
	case err != nil && ctx.Err() == nil && waiting.Err() != nil:
		return nil, nil
	case err != nil:
		return nil, err
	}
	batch := []jetstream.Msg{first}
	ctx, cancel := context.WithTimeout(ctx, c.options.Within)
	defer cancel()
	for len(batch) < c.options.Batch {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil && ctx.Err() != nil {
			break
		}
		if err != nil {
			return nil, err
		}
		batch = append(batch, msg)
	}
	return batch, nil
}

// settle handles a batch and acknowledges it.
func (c *consumption) settle(ctx context.Context, conn *nats.Conn, batch []jetstream.Msg) error {
	var events []event.Event
	for _, msg := range batch {
		if e, ok := c.read(msg); ok {
			events = append(events, e)
		}
	}
	if len(events) > 0 && !c.handled(ctx, events) {
		for _, msg := range batch {
			_ = msg.Nak()
		}
		return context.Cause(ctx)
	}
	for _, msg := range batch {
		if err := msg.Ack(); err != nil {
			return fmt.Errorf("acknowledge events: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, handleWithin)
	defer cancel()
	return conn.FlushWithContext(ctx)
}

// giveBack stops reading and returns the messages that were on their way here, so that other processes get them now
// and not after handleWithin.
func giveBack(conn *nats.Conn, messages jetstream.MessagesContext) {
	messages.Drain()
	for end := time.Now().Add(giveBackWithin); time.Now().Before(end); {
		msg, err := messages.Next(jetstream.NextMaxWait(giveBackWithin))
		if err != nil {
			break
		}
		_ = msg.Nak()
	}
	messages.Stop()
	_ = conn.FlushTimeout(giveBackWithin)
}

// handled calls handle until it succeeds or ctx ends.
func (c *consumption) handled(ctx context.Context, events []event.Event) bool {
	log, failing := c.options.Log.With("consumer", c.options.Durable), false
	for wait := retry.Backoff(handleRetryFirst, handleRetryMost); ; {
		err := c.handle(ctx, events)
		switch {
		case err == nil && failing:
			log.Info("events are handled again")
			return true
		case err == nil:
			return true
		case ctx.Err() != nil:
			return false
		case !failing:
			failing = true
			log.Error("events cannot be handled, they wait in the stream", "err", err)
		}
		if retry.Pause(ctx, wait.NextBackOff()) != nil {
			return false
		}
	}
}

// read decodes a message; ok is false for what Consume skips.
func (c *consumption) read(msg jetstream.Msg) (e event.Event, ok bool) {
	err := json.Unmarshal(msg.Data(), &e)
	var unknown *event.UnknownFactError
	switch {
	case isProbe(msg.Subject()):
	case err == nil:
		return e, e.Replay == ""
	case errors.As(err, &unknown):
		c.options.Log.Info("event of an unknown kind skipped", "subject", msg.Subject(), "fact", string(unknown.Fact))
	default:
		c.options.Log.Warn("damaged event skipped", "subject", msg.Subject(), "err", err)
	}
	return e, false
}

func (c *consumption) progress(info *jetstream.ConsumerInfo) {
	if c.options.Progress != nil {
		c.options.Progress(info.NumPending + uint64(max(0, info.NumAckPending)))
	}
}

// Oldest returns when the oldest event in the stream was stored: since then the stream is complete. The zero time
// means an empty stream, an error that NATS cannot be reached or has no such stream.
func Oldest(ctx context.Context, endpoint Endpoint) (oldest time.Time, err error) {
	work := func(ctx context.Context, conn *nats.Conn) error {
		js, err := jetstream.New(conn)
		if err != nil {
			return err
		}
		stream, err := js.Stream(ctx, event.Stream)
		if err != nil {
			return fmt.Errorf("find the stream %s: %w", event.Stream, err)
		}
		if state := stream.CachedInfo().State; state.Msgs > 0 {
			oldest = state.FirstTime
		}
		return nil
	}
	err = (&link{endpoint: endpoint, name: "countersign reports"}).once(ctx, work)
	return oldest, err
}
