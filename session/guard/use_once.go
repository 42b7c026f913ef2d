package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/session/shared"
)

// use is the record of a single-use thing. After Until it may be used again.
type use struct {
	Until time.Time `json:"until"`
}

// Use says whether this is the first use of something on any machine, and forgets it after keep. Unlike the rest of the
// Guard it fails while the Store is unavailable: one process cannot tell what others have seen.
func (g *Guard) Use(ctx context.Context, what string, keep time.Duration) (first bool, err error) {
	now, key := g.now(), g.keys.key(kindUse, what)
	value, err := json.Marshal(use{Until: now.Add(keep)})
	if err != nil {
		return false, err
	}
	keep = max(keep, time.Second)
	_, err = g.store.Create(ctx, key, value, keep)
	if errors.Is(err, shared.ErrConflict) {
		return g.useAgain(ctx, key, value, now, keep)
	}
	if err != nil {
		return false, fmt.Errorf("record a use: %w", err)
	}
	return true, nil
}

// useAgain takes the place of a use that has expired.
func (g *Guard) useAgain(
	ctx context.Context, key string, value []byte, now time.Time, keep time.Duration,
) (first bool, err error) {
	old, revision, err := g.store.Get(ctx, key)
	switch {
	case errors.Is(err, shared.ErrNotFound):
		return false, nil // it expired this very moment
	case err != nil:
		return false, fmt.Errorf("read an earlier use: %w", err)
	}
	var u use
	if json.Unmarshal(old, &u) != nil || now.Before(u.Until) {
		return false, nil
	}
	switch _, err := g.store.Update(ctx, key, value, revision, keep); {
	case errors.Is(err, shared.ErrConflict):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("record a use: %w", err)
	}
	return true, nil
}
