package schedule

import (
	"context"
	"time"
)

// Pause is how long a run waits that was tried so often.
var Pause = retryWait

// NewRound makes what is due each time it is called, and waits for it.
func NewRound(o Options) func(ctx context.Context) (next time.Time) {
	r := newRunner(o)
	return func(ctx context.Context) time.Time {
		next := r.round(ctx)
		r.join(time.Minute)
		return next
	}
}
