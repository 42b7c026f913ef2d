package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/session/shared"
)

// used says until when something counts as used.
type used struct {
	Until time.Time `json:"until"`
}

// Use says whether this is the first use of something, on all machines together, and forgets it after keep. Other than the rest of the Guard it fails
// while the Store is away: what one process has seen proves nothing.
func (g *Guard) Use(ctx context.Context, what string, keep time.Duration) (first bool, err error) {
	now, key := g.now(), g.keys.key(kindOnce, what)
	value, err := json.Marshal(used{Until: now.Add(keep)})
	if err != nil {
		return false, err
	}
	keep = max(keep, time.Second)
	_, err = g.store.Create(ctx, key, value, keep)
	if errors.Is(err, shared.ErrConflict) {
		return g.useAgain(ctx, key, value, now, keep)
	}
	if err != nil {
		return false, fmt.Errorf("note that something is used: %w", err)
	}
	return true, nil
}

// useAgain finds out whether what is there has run out, and if so takes its place.
func (g *Guard) useAgain(ctx context.Context, key string, value []byte, now time.Time, keep time.Duration) (first bool, err error) {
	old, revision, err := g.store.Get(ctx, key)
	switch {
	case errors.Is(err, shared.ErrNotFound):
		return false, nil // it ran out this very moment
	case err != nil:
		return false, fmt.Errorf("find out whether something was used: %w", err)
	}
	var u used
	if json.Unmarshal(old, &u) != nil || now.Before(u.Until) {
		return false, nil
	}
	switch _, err := g.store.Update(ctx, key, value, revision, keep); {
	case errors.Is(err, shared.ErrConflict):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("note that something is used: %w", err)
	}
	return true, nil
}
