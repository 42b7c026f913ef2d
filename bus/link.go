package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"

	"countersign/internal/retry"
)

// Between attempts to reach NATS.
const (
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
)

var errConnectionLost = errors.New("the connection was lost")

// link does some work on a connection, and on the next one when that is gone, for as long as its context lives. The client library's own
// reconnecting is not used: what it buffers would overtake what was lost.
type link struct {
	endpoint Endpoint
	name     string
	log      *slog.Logger
	// up and down, if set, are told of each change.
	up   func()
	down func(error)
}

// run calls work with one connection after the other until ctx ends. work returns when its context ends, and why it cannot go on; it calls up
// as soon as, and whenever, all is well. Both come from the goroutine of run, and run leaves no goroutine behind.
func (l *link) run(ctx context.Context, work func(ctx context.Context, conn *nats.Conn, up func()) error) {
	isUp, toldDown := false, false
	delay := retry.Backoff(retryFirst, retryMost)
	up := func() {
		if isUp {
			return
		}
		isUp, toldDown = true, false
		delay.Reset()
		l.log.Info("nats connected", "server", l.endpoint.String(), "as", l.name)
		if l.up != nil {
			l.up()
		}
	}
	for {
		err := l.once(ctx, func(ctx context.Context, conn *nats.Conn) error { return work(ctx, conn, up) })
		isUp = false
		if ctx.Err() != nil {
			err = nil
		}
		if l.down != nil {
			l.down(err)
		}
		if ctx.Err() != nil {
			return
		}
		if !toldDown {
			toldDown = true
			l.log.Warn("nats away", "server", l.endpoint.String(), "as", l.name, "err", err)
		}
		half := delay.NextBackOff() / 2
		if retry.Pause(ctx, half+rand.N(half)) != nil {
			return
		}
	}
}

// once opens a connection, works on it and closes it. The context of work ends with the connection.
func (l *link) once(ctx context.Context, work func(context.Context, *nats.Conn) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	closed := make(chan struct{})
	conn, err := l.endpoint.dial(ctx, l.name,
		nats.NoReconnect(),
		nats.ClosedHandler(func(c *nats.Conn) {
			cancel(lost(c.LastError()))
			close(closed)
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) {
				cancel(err)
			}
		}),
	)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() {
		conn.Close()
		<-closed
	}()
	err = work(ctx, conn)
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func lost(err error) error {
	if err == nil {
		return errConnectionLost
	}
	return fmt.Errorf("%w: %w", errConnectionLost, err)
}
