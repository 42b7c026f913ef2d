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

// link runs some work over a connection, and over the next one when that is lost. It does not use the client
// library's own reconnect, whose buffer would overtake the messages that were lost.
type link struct {
	endpoint Endpoint
	name     string
	log      *slog.Logger
	// up and down, if set, are called on each change.
	up   func()
	down func(error)
}

// run calls work with one connection after the other until ctx ends. work returns when its context ends, or with the
// reason why it cannot go on; it calls up whenever all is well. work, up and down run in the goroutine of run, which
// leaves no goroutine behind.
func (l *link) run(ctx context.Context, work func(ctx context.Context, conn *nats.Conn, up func()) error) {
	isUp, warned := false, false
	delay := retry.Backoff(retryFirst, retryMost)
	up := func() {
		if isUp {
			return
		}
		isUp, warned = true, false
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
		if !warned {
			warned = true
			what := "nats away"
			if errors.Is(err, ErrOutbox) {
				what = "events not read from the journal, they wait"
			}
			l.log.Warn(what, "server", l.endpoint.String(), "as", l.name, "err", err)
		}
		half := delay.NextBackOff() / 2
		if retry.Pause(ctx, half+rand.N(half)) != nil {
			return
		}
	}
}

// once opens a connection, calls work and closes the connection. The context of work ends with the connection.
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
