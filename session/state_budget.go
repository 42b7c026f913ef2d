package session

import (
	"context"
	"sync/atomic"
	"time"
)

// StateBudget is how long one call may still wait for the state that machines share, all its questions together. A nil
// StateBudget has no end. It may be used from any goroutine.
type StateBudget struct{ left atomic.Int64 }

type stateBudgetKey struct{}

// WithStateBudget gives the operations on shared state under ctx so much time in all.
func WithStateBudget(ctx context.Context, d time.Duration) context.Context {
	b := &StateBudget{}
	b.left.Store(int64(d))
	return context.WithValue(ctx, stateBudgetKey{}, b)
}

// StateBudgetOf is the budget of ctx, or nil.
func StateBudgetOf(ctx context.Context) *StateBudget {
	b, _ := ctx.Value(stateBudgetKey{}).(*StateBudget)
	return b
}

// Within is d or what is left, if that is less; 0 if nothing is.
func (b *StateBudget) Within(d time.Duration) time.Duration {
	if b == nil {
		return d
	}
	return max(0, min(d, time.Duration(b.left.Load())))
}

// Spend takes the time that an operation took.
func (b *StateBudget) Spend(took time.Duration) {
	if b != nil {
		b.left.Add(-int64(took))
	}
}
