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

func TestAProbeTellsAServiceThatTakesCallsFromOneThatRefusesAndOneThatHangs(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections: the kernel does
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, gone.Close())

	probe := func(address string, within time.Duration) error { return esl.Probe(t.Context(), address, within) }
	require.NoError(t, probe(serveForProbe(t, esl.Options{}), time.Minute))
	refusing := serveForProbe(t, esl.Options{Allow: prefixes("192.0.2.0/24")})
	require.ErrorIs(t, probe(refusing, time.Minute), esl.ErrRefusing)
	require.ErrorIs(t, probe(foreign(t), time.Minute), esl.ErrForeign)
	require.ErrorIs(t, probe(silent.Addr().String(), 50*time.Millisecond), esl.ErrSilent)
	err = probe(gone.Addr().String(), time.Minute)
	require.Error(t, err)
	assert.NotErrorIs(t, err, esl.ErrRefusing)
}

func serveForProbe(t *testing.T, o esl.Options) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	never := func(context.Context, session.Call, session.Channel) { assert.Fail(t, "a probe is no call") }
	s := esl.NewServer(never, o)
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		assert.NoError(t, s.Shutdown(context.Background()))
		assert.ErrorIs(t, <-served, esl.ErrServerClosed)
	})
	return l.Addr().String()
}

// foreign is a server of another kind.
func foreign(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = nc.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n"))
			_ = nc.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-over })
	return l.Addr().String()
}
