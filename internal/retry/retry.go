// Package retry says how long to wait before the next attempt, and waits. Which errors are worth another attempt is
// for the caller to know.
package retry

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Backoff returns waits that start at first and double up to most. NextBackOff gives the next one, Reset starts over.
func Backoff(first, most time.Duration) *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: first, Multiplier: 2, MaxInterval: most}
}

// Pause waits for d and returns nil, or returns the cause of ctx as soon as it ends.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
