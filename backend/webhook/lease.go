package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"countersign/internal/retry"
	"countersign/session/event"
	"countersign/session/shared"
)

// lease is the right to deliver to a webhook, and how far the webhook is: both are one value, so that a machine that has
// lost the right cannot move the place.
type lease struct {
	store    shared.Store
	key, id  string
	now      func() time.Time
	log      *slog.Logger
	progress progress
	revision uint64
	// renewed is when the write that gave us the lease began: others count from a later moment.
	renewed time.Time
}

// take waits until the lease is ours, or ctx ends. It goes by what it sees change, not by the clocks of others.
func (l *lease) take(ctx context.Context, stream Stream) error {
	var seen uint64
	since, began, warned := l.now(), l.now(), false
	for {
		ours, err := l.try(ctx, stream, &seen, &since)
		if ours {
			return nil
		}
		if err != nil && ctx.Err() == nil && !warned && l.now().Sub(began) > warnAfter {
			warned = true
			l.log.Warn("webhook waits for the shared state", "err", err)
		}
		if err := retry.Pause(ctx, stateRetry); err != nil {
			return err
		}
	}
}

func (l *lease) try(ctx context.Context, stream Stream, seen *uint64, since *time.Time) (ours bool, err error) {
	value, revision, err := l.store.Get(ctx, l.key)
	switch {
	case errors.Is(err, shared.ErrNotFound):
		end, err := stream.End(ctx) // a new webhook gets what happens from now on
		if err != nil {
			return false, err
		}
		return l.write(ctx, progress{Place: end}, 0)
	case err != nil:
		return false, err
	}
	var p progress
	if err := json.Unmarshal(value, &p); err != nil {
		return false, err
	}
	if p.Holder != "" && (*seen != revision || l.now().Sub(*since) < leaseLife) {
		if *seen != revision {
			*seen, *since = revision, l.now()
		}
		return false, nil
	}
	if l.now().Sub(p.At) > giveUpAfter { // nobody has delivered for days: old events would tell of nothing that matters
		end, err := stream.End(ctx)
		if err != nil {
			return false, err
		}
		l.log.Warn("webhook was not delivered to for days, it goes on with the events from now on", "since", p.At)
		p.Place = end
	}
	return l.write(ctx, p, revision)
}

// write makes the lease ours, or renews it.
func (l *lease) write(ctx context.Context, p progress, revision uint64) (ours bool, err error) {
	began := l.now()
	p.Holder, p.At = l.id, began.UTC()
	next, err := l.update(ctx, p, revision)
	switch {
	case errors.Is(err, shared.ErrConflict):
		return false, nil
	case err != nil:
		return false, err
	}
	l.progress, l.revision, l.renewed = p, next, began
	return true, nil
}

func (l *lease) update(ctx context.Context, p progress, revision uint64) (uint64, error) {
	value, err := json.Marshal(p)
	if err != nil {
		return 0, err
	}
	if revision == 0 {
		return l.store.Create(ctx, l.key, value, shared.Forever)
	}
	return l.store.Update(ctx, l.key, value, revision, shared.Forever)
}

// left is how long the lease is still ours.
func (l *lease) left() time.Duration { return leaseStop - l.now().Sub(l.renewed) }

// renew keeps the lease and notes how far the webhook is. ours is false if another machine has it, or will soon.
func (l *lease) renew(ctx context.Context, at event.Place) (ours bool) {
	ctx, cancel := context.WithTimeout(ctx, renewWithin)
	defer cancel()
	began, p := l.now(), l.progress
	p.Place = at
	ours, err := l.write(ctx, p, l.revision)
	if err == nil {
		return ours
	}
	// It may have been written all the same.
	if value, revision, err := l.store.Get(ctx, l.key); err == nil {
		var is progress
		if json.Unmarshal(value, &is) != nil || is.Holder != l.id {
			return false
		}
		if revision != l.revision {
			l.progress, l.revision, l.renewed = is, revision, began
		}
	}
	return l.left() > 0
}

// release lets another machine have the lease at once.
func (l *lease) release(ctx context.Context, at event.Place) {
	_, _ = l.update(ctx, progress{Place: at, At: l.now().UTC()}, l.revision)
}
