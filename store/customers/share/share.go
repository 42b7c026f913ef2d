// Package share answers "which customers does this machine have" where several machines have the same: the source, where
// customers are imported and changed, publishes them through NATS, and replicas take them over. It says how old a replica
// is. It decides nothing about calls, and knows no socket of NATS.
package share

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"countersign/session/shared"
)

// Times of docs/policy.md#customers-on-several-machines.
const (
	// lookEvery is how often the source looks for changes, sayEvery how often it says that there are no others.
	lookEvery = time.Second
	sayEvery  = 15 * time.Second
)

// sourceKey is bus.SourceKey.
const sourceKey = "source"

// Source is what the source says of itself: everything that was changed before At has been published before it.
type Source struct {
	ID     string    `json:"id"`
	Node   string    `json:"node"`
	Rounds int64     `json:"rounds"`
	At     time.Time `json:"at"`
	// Present is which shards have something in them (customers.Reader.Present).
	Present []byte `json:"present,omitempty"`
}

// ErrNoSource means that no machine has published customers.
var ErrNoSource = errors.New("no machine publishes customers")

// ReadSource reads what the source said last.
func ReadSource(ctx context.Context, s shared.Store) (said Source, revision uint64, err error) {
	text, revision, err := s.Get(ctx, sourceKey)
	if errors.Is(err, shared.ErrNotFound) {
		return Source{}, 0, ErrNoSource
	}
	if err != nil {
		return Source{}, 0, err
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return Source{}, 0, fmt.Errorf("read the source of customers: %w", err)
	}
	return said, revision, nil
}

// key is the key of a shard.
func key(shard int) string { return fmt.Sprintf("%04x", shard) }

// shardOf reverses key.
func shardOf(key string) (int, error) {
	n, err := strconv.ParseUint(key, 16, 16)
	return int(n), err
}

// quiet logs a failure once, until it is over.
type quiet struct {
	log    *slog.Logger
	failed bool
}

func (q *quiet) say(message string, err error) {
	if err == nil {
		q.failed = false
		return
	}
	if !q.failed {
		q.log.Error(message, "err", err)
	}
	q.failed = true
}
