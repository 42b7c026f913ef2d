package demo

import (
	"context"
	"sync"
	"time"

	"countersign/callback"
	"countersign/internal/retry"
)

// Exchange is a telephone system in memory, on which a demo calls customers back: agents and customers answer after a while,
// customers press the key, and hang up when they have talked. It is safe for concurrent use.
type Exchange struct {
	mu    sync.Mutex
	until map[string]time.Time // the channels, and when they hang up
}

var _ callback.Switch = (*Exchange)(nil)

// How long telephones ring, and a conversation lasts.
const (
	agentRings    = time.Second
	customerRings = 4 * time.Second
	theyTalk      = 30 * time.Second
	agentWaits    = callback.RingingFor
)

// NewExchange makes an Exchange.
func NewExchange() *Exchange { return &Exchange{until: map[string]time.Time{}} }

// RingAgent implements callback.Switch.
func (e *Exchange) RingAgent(ctx context.Context, _, channel string) error {
	return e.ring(ctx, channel, agentRings, agentWaits)
}

// RingCustomer implements callback.Switch.
func (e *Exchange) RingCustomer(ctx context.Context, _, channel, _ string) error {
	return e.ring(ctx, channel, customerRings, theyTalk)
}

func (e *Exchange) ring(ctx context.Context, channel string, rings, stays time.Duration) error {
	if err := retry.Pause(ctx, rings); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.until[channel] = time.Now().Add(stays)
	return nil
}

// Exists implements callback.Switch.
func (e *Exchange) Exists(_ context.Context, channel string) (exists, connected bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	until, ok := e.until[channel]
	if ok && time.Now().After(until) {
		delete(e.until, channel)
		ok = false
	}
	return ok, ok, nil
}

// Kill implements callback.Switch.
func (e *Exchange) Kill(channel string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.until, channel)
}
