package schedule

import (
	"context"
	"time"
)

// Pause is how long a run waits that was tried so often.
var Pause = pause

// NewRound makes what is due each time it is called.
func NewRound(o Options) func(ctx context.Context) (next time.Time) { return newRunner(o).round }
