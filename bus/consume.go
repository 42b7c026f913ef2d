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

// ConsumeOptions says how events are consumed.
type ConsumeOptions struct {
	// Durable names the consumer. The stream knows by it what was handled already; several processes with one name share the events out among them.
	Durable string
	// Batch is how many events are handled together at most, 500, and Within how long the first of them waits for the others, 250 ms.
	Batch  int
	Within time.Duration
	// Progress, if set, is told at first, after each batch, and each second without one, how many events in the stream are not handled yet.
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
	// forgetConsumer is how long the stream remembers a consumer that does not come back: by then it has no event either that it had not got.
	forgetConsumer = 90 * 24 * time.Hour
	// handleWithin is how long a batch may take to be handled before it is delivered once more, which does no harm.
	handleWithin = 5 * time.Second
	// handleRetry is how long a batch waits that could not be handled.
	handleRetryFirst = 50 * time.Millisecond
	handleRetryMost  = 5 * time.Second
	progressEvery    = time.Second
	// giveBackWithin bounds what is done at the end for whoever comes next.
	giveBackWithin = 200 * time.Millisecond
)

// Consume hands every event of the stream to handle, in batches, until ctx ends, and acknowledges them when handle returned nil. What was not acknowledged comes again, to
// this process or the next one: handle must know the events that it has seen. A batch that handle refuses is tried again for ever. NATS may be away meanwhile, or from the
// start. Events of a kind that this version does not know, messages that are no events, and replays, are left out. handle and Progress are called from the goroutine of
// Consume, one at a time.
func Consume(ctx context.Context, nats Endpoint, o ConsumeOptions, handle func(context.Context, []event.Event) error) error {
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

// follow consumes on one connection.
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

// find takes the consumer as it is, or makes it.
func (c *consumption) find(ctx context.Context, js jetstream.JetStream) (jetstream.Consumer, error) {
	consumer, err := js.Consumer(ctx, event.Stream, c.options.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		consumer, err = js.CreateConsumer(ctx, event.Stream, jetstream.ConsumerConfig{
			Durable: c.options.Durable, Description: "Countersign " + c.options.Durable, DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckExplicitPolicy,
			AckWait: handleWithin, MaxAckPending: 8 * c.options.Batch, InactiveThreshold: forgetConsumer,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("find or make the consumer %s of the stream %s: %w", c.options.Durable, event.Stream, err)
	}
	return consumer, nil
}

// gather waits for a message, and a moment for others. Whoever wants to hear of progress gets an empty batch when there are none: others may have made it.
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

// settle has a batch handled and acknowledges it.
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

// giveBack ends the reading and lets others have what was on its way here, which they would otherwise get when handleWithin is over.
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

// handled tries until it worked, or ctx ended.
func (c *consumption) handled(ctx context.Context, events []event.Event) bool {
	log, failing := c.options.Log.With("consumer", c.options.Durable), false
	for wait := retry.Backoff(handleRetryFirst, handleRetryMost); ; {
		err := c.handle(ctx, events)
		switch {
		case err == nil && failing:
			log.Info("events are taken in again")
			return true
		case err == nil:
			return true
		case ctx.Err() != nil:
			return false
		case !failing:
			failing = true
			log.Error("events cannot be taken in, they wait in the stream", "err", err)
		}
		if retry.Pause(ctx, wait.NextBackOff()) != nil {
			return false
		}
	}
}

// read tells events from what is left out.
func (c *consumption) read(msg jetstream.Msg) (e event.Event, ok bool) {
	err := json.Unmarshal(msg.Data(), &e)
	var unknown *event.UnknownFactError
	switch {
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

// Oldest says since when the stream has everything: when the oldest event in it was stored. The zero time means that it is empty. An error means that NATS cannot be
// reached, or has no stream of ours.
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
