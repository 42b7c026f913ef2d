package esl_test

import (
	"context"
	"net"
	"testing"
	"time"

	"countersign/esl"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const patience = time.Minute

// serve starts a server whose every call runs handler, and returns its address.
func serve(t testing.TB, o esl.Options, handler esl.Handler) (*esl.Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := esl.NewServer(handler, o)
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		assert.NoError(t, s.Shutdown(ctx))
		assert.ErrorIs(t, <-done, esl.ErrServerClosed)
	})
	return s, l.Addr().String()
}

// oneCall is the handler of a single call, run in the background, and its result.
type oneCall struct {
	t    testing.TB
	done chan struct{}
	err  error
	call session.Call
	// cause is the cause of the call's context when the handler returned, or nil.
	cause error
}

// handle wraps f as a Handler for one call; wait returns f's error.
func handle(t testing.TB, f func(ctx context.Context, ch session.Channel) error) (*oneCall, esl.Handler) {
	o := &oneCall{t: t, done: make(chan struct{})}
	return o, func(ctx context.Context, call session.Call, ch session.Channel) {
		defer close(o.done)
		o.call = call
		o.err = f(ctx, ch)
		o.cause = context.Cause(ctx)
	}
}

func (o *oneCall) wait() error {
	o.t.Helper()
	select {
	case <-o.done:
		return o.err
	case <-time.After(patience):
		require.Fail(o.t, "the handler did not return")
		return nil
	}
}

// pin is the digit prompt that these tests ask with.
func pin() session.Collect {
	return session.Collect{
		Files: []string{"/p/ask-pin.wav"}, Min: 4, Max: 6, FirstDigit: 5 * time.Second, InterDigit: 3 * time.Second,
		OptOut: '*',
	}
}
