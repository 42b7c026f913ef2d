package share

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"countersign/internal/retry"
	"countersign/session/shared"
	"countersign/store/customers"
)

// Bucket is where a source publishes: bus.Shards.
type Bucket interface {
	shared.Store
	// Put writes a key, whether it exists or not.
	Put(ctx context.Context, key string, value []byte, keep time.Duration) (revision uint64, err error)
	// Made is when the bucket was made: one that was made anew has nothing of what was published.
	Made(ctx context.Context) (time.Time, error)
	// Keys are those that have a value.
	Keys(ctx context.Context) ([]string, error)
}

// PublisherOptions configure a Publisher. All are required.
type PublisherOptions struct {
	Directory *customers.Directory // with the role Source
	Bucket    Bucket
	Node      string
	Log       *slog.Logger
	Now       func() time.Time
}

// Publisher publishes the customers of the source. One goroutine of one process may use it.
type Publisher struct {
	PublisherOptions
	said    time.Time // when it last said that all is published
	present []byte    // as of the last round; nil if it is not known
}

// NewPublisher makes one.
func NewPublisher(o PublisherOptions) *Publisher { return &Publisher{PublisherOptions: o} }

// OtherSourceError means that another machine publishes customers. Nothing is published.
type OtherSourceError struct{ Source Source }

func (e *OtherSourceError) Error() string {
	return fmt.Sprintf("the machine %s publishes customers, since %s at the latest: only one may have customers.share: source; "+
		"if this one is to replace it, run countersign customers take-over here", e.Source.Node,
		e.Source.At.Format(time.RFC3339))
}

// Run publishes changes until ctx ends, a second after they were made. While NATS is away they wait in the directory.
func (p *Publisher) Run(ctx context.Context) {
	failing := quiet{log: p.Log}
	for ctx.Err() == nil {
		err := p.Publish(ctx)
		if ctx.Err() != nil {
			return
		}
		failing.say("customers are not published, replicas grow old", err)
		pause := lookEvery
		if err != nil {
			pause = sayEvery / 3
		}
		_ = retry.Pause(ctx, pause)
	}
}

// shardsAtOnce is how many shards are noted as published at once.
const shardsAtOnce = 64

// Publish publishes what has changed, and says so.
func (p *Publisher) Publish(ctx context.Context) error {
	before := p.Now() // what is changed later may be missing
	due, err := p.Directory.DueShards(ctx, shardsAtOnce)
	if err != nil {
		return err
	}
	if len(due) == 0 && before.Sub(p.said) < sayEvery && !before.Before(p.said) {
		return nil
	}
	ours, revision, err := p.claim(ctx)
	if err != nil {
		return err
	}
	// claim may have found that NATS has nothing.
	if due, err = p.Directory.DueShards(ctx, shardsAtOnce); err != nil {
		return err
	}
	published := len(due) > 0
	if published {
		p.present = nil
	}
	for len(due) > 0 {
		for _, n := range due {
			packed, err := p.Directory.PackShard(ctx, n)
			if err != nil {
				return err
			}
			if _, err := p.Bucket.Put(ctx, key(n), packed, shared.Forever); err != nil {
				return fmt.Errorf("publish customers: %w", err)
			}
		}
		if err := p.Directory.ShardsPublished(ctx, due); err != nil {
			return err
		}
		before = p.Now()
		if due, err = p.Directory.DueShards(ctx, shardsAtOnce); err != nil {
			return err
		}
	}
	if published {
		ours.Rounds++
		if err := p.Directory.NotePublished(ctx, ours); err != nil {
			return err
		}
	}
	if p.present == nil {
		if p.present, err = p.Directory.Present(ctx); err != nil {
			return err
		}
	}
	if _, err := p.say(ctx, ours, before, revision); err != nil {
		return err
	}
	p.said = before
	return nil
}

// claim makes sure that this machine is the source in NATS, and that NATS has what it has published.
func (p *Publisher) claim(ctx context.Context) (ours customers.Published, revision uint64, err error) {
	ours, ok, err := p.Directory.Published(ctx)
	if err == nil && !ok {
		err = errors.New("publish customers: this machine is not their source")
	}
	if err != nil {
		return ours, 0, err
	}
	made, err := p.Bucket.Made(ctx)
	if err != nil {
		return ours, 0, err
	}
	said, revision, err := ReadSource(ctx, p.Bucket)
	switch {
	case errors.Is(err, ErrNoSource):
	case err != nil:
		return ours, 0, err
	case said.ID != ours.ID:
		return ours, 0, &OtherSourceError{said}
	}
	// The directory notes a round before NATS does. Anything else was restored from a backup, or lost.
	if made.Equal(ours.Stream) && (said.Rounds == ours.Rounds || said.Rounds == ours.Rounds-1) {
		return ours, revision, nil
	}
	if said.ID == "" { // first of all, so that of two only one publishes
		if revision, err = p.say(ctx, ours, time.Time{}, 0); err != nil {
			return ours, 0, err
		}
	}
	if err := publishAll(ctx, p.Directory, p.Bucket); err != nil {
		return ours, 0, err
	}
	ours.Stream, ours.Rounds = made, max(ours.Rounds, said.Rounds)
	return ours, revision, p.Directory.NotePublished(ctx, ours)
}

// say says what is published, unless another machine was faster.
func (p *Publisher) say(ctx context.Context, ours customers.Published, at time.Time, revision uint64) (uint64, error) {
	text, err := json.Marshal(Source{ID: ours.ID, Node: p.Node, Rounds: ours.Rounds, At: at.UTC(), Present: p.present})
	if err != nil {
		return 0, err
	}
	if revision == 0 {
		revision, err = p.Bucket.Create(ctx, sourceKey, text, shared.Forever)
	} else {
		revision, err = p.Bucket.Update(ctx, sourceKey, text, revision, shared.Forever)
	}
	if err != nil {
		return 0, fmt.Errorf("publish customers: %w", err)
	}
	return revision, nil
}

// publishAll makes all that is here due, and all that NATS has.
func publishAll(ctx context.Context, d *customers.Directory, b Bucket) error {
	keys, err := b.Keys(ctx)
	if err != nil {
		return err
	}
	var others []int
	for _, key := range keys {
		if n, err := shardOf(key); err == nil && n < customers.Shards {
			others = append(others, n)
		}
	}
	return d.PublishAll(ctx, others)
}

// TakeOver lets this machine publish in place of another one, from the next Publish on. It publishes everything.
func TakeOver(ctx context.Context, d *customers.Directory, b Bucket) (from Source, err error) {
	ours, ok, err := d.Published(ctx)
	if err == nil && !ok {
		err = errors.New("this machine is not the source of customers: set customers.share to source first")
	}
	if err != nil {
		return from, err
	}
	from, revision, err := ReadSource(ctx, b)
	if errors.Is(err, ErrNoSource) || err == nil && from.ID == ours.ID {
		return from, nil
	}
	if err != nil {
		return from, err
	}
	text, err := json.Marshal(Source{ID: ours.ID, Node: from.Node, Rounds: from.Rounds, At: from.At})
	if err != nil {
		return from, err
	}
	if err := publishAll(ctx, d, b); err != nil {
		return from, err
	}
	_, err = b.Update(ctx, sourceKey, text, revision, shared.Forever)
	return from, err
}
