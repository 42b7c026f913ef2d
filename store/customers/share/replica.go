package share

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"countersign/internal/retry"
	"countersign/session/shared"
	"countersign/store/customers"
)

// Feed is where a replica reads: bus.Shards.
type Feed interface {
	FollowFrom(ctx context.Context, as string, start func(made time.Time, last uint64) (from uint64),
		handle func(ctx context.Context, made time.Time, batch []shared.Entry, next uint64) error)
}

// ReplicaOptions configure a Replica. All are required.
type ReplicaOptions struct {
	Directory *customers.Directory // with the role Replica
	Feed      Feed
	// StaleAfter is how old the customers may be before that is said.
	StaleAfter time.Duration
	Log        *slog.Logger
	Now        func() time.Time
}

// Replica takes over the customers of the source.
type Replica struct {
	ReplicaOptions

	present []byte // what was taken over last, of the goroutine of Run

	mu  sync.Mutex
	has customers.Replicated
}

// NewReplica makes one.
func NewReplica(ctx context.Context, o ReplicaOptions) (*Replica, error) {
	r := &Replica{ReplicaOptions: o}
	return r, r.read(ctx)
}

func (r *Replica) read(ctx context.Context) error {
	has, ok, err := r.Directory.Replicated(ctx)
	if err == nil && !ok {
		err = fmt.Errorf("this machine is not a replica of customers")
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.has = has
	return nil
}

// Age is how old the customers here are: what the source has changed since may be missing. filled is false until every
// customer has come.
func (r *Replica) Age() (age time.Duration, filled bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.has.AsOf.IsZero() {
		return 0, false
	}
	return max(0, r.Now().Sub(r.has.AsOf)), true
}

// Run follows the source until ctx ends. Any goroutine may call Age meanwhile.
func (r *Replica) Run(ctx context.Context) {
	var watching sync.WaitGroup
	watching.Go(func() { r.watchAge(ctx) })
	defer watching.Wait()
	failing := quiet{log: r.Log}
	r.Feed.FollowFrom(ctx, "countersign replica", r.start, func(ctx context.Context, made time.Time, batch []shared.Entry,
		next uint64) error {
		err := r.takeOver(ctx, made, batch, next)
		if ctx.Err() == nil {
			failing.say("customers are not taken over, this replica grows old", err)
		}
		return err
	})
}

// start goes on where the replica is, unless the bucket is another one, or has lost what the replica has.
func (r *Replica) start(made time.Time, last uint64) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !made.Equal(r.has.Stream) || r.has.Next > last+1 {
		return 1
	}
	return r.has.Next
}

func (r *Replica) takeOver(ctx context.Context, made time.Time, entries []shared.Entry, next uint64) error {
	b := customers.Batch{Shards: map[int][]byte{}, Stream: made, Next: next}
	for _, e := range entries {
		switch {
		case e.Err != nil:
			return fmt.Errorf("shard %s: %w; the machines must have the same pepper", e.Key, e.Err)
		case e.Key == sourceKey:
			var said Source
			if err := json.Unmarshal(e.Value, &said); err != nil {
				return fmt.Errorf("read the source of customers: %w", err)
			}
			if said.At.Year() > 1 {
				b.AsOf, b.Node, b.Present = said.At, said.Node, said.Present
			}
		default:
			n, err := shardOf(e.Key)
			if err != nil || n >= customers.Shards {
				continue // not ours
			}
			b.Shards[n] = e.Value
		}
	}
	if bytes.Equal(b.Present, r.present) {
		b.Present = nil
	}
	if err := r.Directory.TakeOver(ctx, b); err != nil {
		return err
	}
	if b.Present != nil {
		r.present = b.Present
	}
	return r.read(ctx)
}

// watchAge says when the customers are too old, and when they are not any more.
func (r *Replica) watchAge(ctx context.Context) {
	stale := false
	for retry.Pause(ctx, min(sayEvery, r.StaleAfter)/4) == nil {
		age, filled := r.Age()
		switch is := filled && age > r.StaleAfter; {
		case is && !stale:
			r.Log.Error("the customers on this replica are old: calls go on with them; see to the source and to NATS",
				"age", age.Round(time.Second), "source", r.node())
			stale = true
		case stale && !is:
			r.Log.Info("the customers on this replica are up to date again", "age", age.Round(time.Second))
			stale = false
		}
	}
}

func (r *Replica) node() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.has.Node
}
