package bus

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// lifetime cancels the requests of a connection when it is lost: their answers will not come. The next lifetime
// begins at once.
type lifetime struct {
	mu  sync.Mutex
	ctx context.Context
	die context.CancelFunc
}

func newLifetime() *lifetime {
	l := &lifetime{}
	l.ctx, l.die = context.WithCancel(context.Background())
	return l
}

func (l *lifetime) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.die()
	l.ctx, l.die = context.WithCancel(context.Background())
}

// within returns a context that ends after d, or with cause ErrAway when the connection is lost.
func (l *lifetime) within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	l.mu.Lock()
	alive := l.ctx
	l.mu.Unlock()
	ctx, lose := context.WithCancelCause(ctx)
	ctx, cancel := context.WithTimeout(ctx, d)
	stop := context.AfterFunc(alive, func() { lose(fmt.Errorf("%w: %w", ErrAway, errConnectionLost)) })
	return ctx, func() {
		stop()
		cancel()
		lose(nil)
	}
}
