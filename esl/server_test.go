package esl_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"countersign/esl"
	"countersign/esl/esltest"
	"countersign/session"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func prefixes(s ...string) []netip.Prefix {
	var p []netip.Prefix
	for _, x := range s {
		p = append(p, netip.MustParsePrefix(x))
	}
	return p
}

func TestShutdownRefusesNewCallsAndWaitsForTheOthers(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o, h := handle(t, collectAndTransfer)
	s := esl.NewServer(h, esl.Options{})
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), l) }()
	p := esltest.Dial(t, l.Addr().String())
	p.Open()
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(context.Background()) }()
	require.ErrorIs(t, <-served, esl.ErrServerClosed)
	_, err = net.DialTimeout("tcp", l.Addr().String(), time.Second)
	require.Error(t, err, "a new call must be refused")
	p.Digits("2468", "#")
	p.HandOver()
	require.NoError(t, o.wait())
	p.Close()
	require.NoError(t, <-down)
	require.NoError(t, s.Shutdown(context.Background()), "twice is harmless")
}

func TestShutdownEndsWhatDoesNotEndByItself(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o, h := handle(t, collectAndTransfer)
	s := esl.NewServer(h, esl.Options{})
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), l) }()
	p := esltest.Dial(t, l.Addr().String())
	p.Open()
	p.Expect("play_and_get_digits")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.Shutdown(ctx), context.DeadlineExceeded)
	require.ErrorIs(t, o.wait(), session.ErrDraining)
	require.ErrorIs(t, <-served, esl.ErrServerClosed)
	p.Expect("multiset")
	p.ExpectClosed()
}

func TestTheEndOfServesContextEndsEverything(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	o, h := handle(t, collectAndTransfer)
	ctx, cancel := context.WithCancelCause(context.Background())
	served := make(chan error, 1)
	go func() { served <- esl.NewServer(h, esl.Options{}).Serve(ctx, l) }()
	p := esltest.Dial(t, l.Addr().String())
	p.Open()
	p.Expect("play_and_get_digits")
	why := errors.New("why")
	cancel(why)
	require.ErrorIs(t, <-served, why)
	require.ErrorIs(t, o.wait(), why)
}

func TestTooManyCallsAreRefusedOneByOne(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s, addr := serve(t, esl.Options{MaxCalls: 2}, func(context.Context, session.Call, session.Channel) { <-release })
	first, second := esltest.Dial(t, addr), esltest.Dial(t, addr)
	first.Open()
	second.Open()
	require.Equal(t, 2, s.Calls())
	esltest.Dial(t, addr).ExpectClosed()
	strangers, tooMany := s.Refused()
	assert.Equal(t, [2]uint64{0, 1}, [2]uint64{strangers, tooMany})
	close(release)
	first.Expect("exit")
	first.Close()
	require.Eventually(t, func() bool { return s.Calls() < 2 }, patience, time.Millisecond)
	esltest.Dial(t, addr).Open()
	second.Close()
}

func TestAPanicEndsThatCallOnly(t *testing.T) {
	t.Parallel()
	_, addr := serve(t, esl.Options{}, func(_ context.Context, call session.Call, _ session.Channel) {
		if call.Dialled == "panic" {
			panic("boom")
		}
	})
	p := esltest.Dial(t, addr)
	p.Open("Caller-Destination-Number", "panic")
	p.ExpectClosed()
	p = esltest.Dial(t, addr)
	p.Open()
	p.Expect("exit")
	p.Close()
}

// failingListener fails a few times before it accepts.
type failingListener struct {
	net.Listener
	left atomic.Int32
}

func (l *failingListener) Accept() (net.Conn, error) {
	if l.left.Add(-1) >= 0 {
		return nil, errors.New("accept: too many open files")
	}
	return l.Listener.Accept()
}

func TestAcceptErrorsBackOffAndNeverEndTheServer(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &failingListener{Listener: inner}
	l.left.Store(4)
	s := esl.NewServer(func(context.Context, session.Call, session.Channel) {}, esl.Options{})
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), l) }()
	p := esltest.Dial(t, inner.Addr().String())
	p.Open()
	p.Close()
	require.NoError(t, s.Shutdown(context.Background()))
	require.ErrorIs(t, <-served, esl.ErrServerClosed)
	assert.Less(t, l.left.Load(), int32(0))
}
