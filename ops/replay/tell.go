package replay

import (
	"context"
	"time"

	"countersign/session/event"
)

// Tell calls each for every event, as far apart as they were, speed times as fast; 0 does not wait. It returns the
// number of events.
func Tell(ctx context.Context, from Source, speed float64, each func(event.Event) error) (events int, err error) {
	err = from.slowly(ctx, paced(ctx, speed, func(e event.Event) error {
		events++
		return each(e)
	}))
	return events, err
}

func paced(ctx context.Context, speed float64, each func(event.Event) error) func(event.Event) error {
	var before time.Time
	return func(e event.Event) error {
		wait := time.Duration(0)
		if speed > 0 && !before.IsZero() {
			wait = time.Duration(float64(e.Time.Sub(before)) / speed)
		}
		before = e.Time
		if wait > 0 {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return each(e)
	}
}
