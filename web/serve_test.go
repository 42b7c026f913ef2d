package web

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const patience = time.Minute

// serving runs Serve until stop is called; stop returns the error of Serve.
func serving(t *testing.T, h http.Handler) (address string, stop func() error) {
	t.Helper()
	return servingWith(t, h, ServeOptions{Log: slog.New(slog.DiscardHandler)})
}

func servingWith(t *testing.T, h http.Handler, o ServeOptions) (address string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, h, o) }()
	t.Cleanup(cancel)
	return l.Addr().String(), func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			require.Fail(t, "Serve does not end")
			return nil
		}
	}
}

func send(t *testing.T, address, text string) *http.Response {
	t.Helper()
	nc, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = nc.Close() })
	require.NoError(t, nc.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(nc, text)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(nc), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestRunningRequestsFinishBeforeServeReturns(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	address, stop := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		assert.NoError(t, r.Context().Err(), "stopping does not cut it short")
		w.WriteHeader(http.StatusNoContent)
	}))
	status := make(chan int, 1)
	go func() { status <- send(t, address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").StatusCode }()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	require.Eventually(t, func() bool {
		nc, err := net.Dial("tcp", address)
		if err == nil {
			_ = nc.Close()
		}
		return err != nil
	}, patience, time.Millisecond, "new connections are refused")
	close(release)
	assert.Equal(t, http.StatusNoContent, <-status)
	assert.NoError(t, <-stopped)
}

func TestAListenerThatBreaksIsAnError(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	err = Serve(t.Context(), l, http.NotFoundHandler(), ServeOptions{Log: slog.New(slog.DiscardHandler)})
	require.ErrorContains(t, err, l.Addr().String())
}

func TestHugeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	address, stop := serving(t, New(Options{}))
	long := make([]byte, maxHeader+8<<10)
	for i := range long {
		long[i] = 'a'
	}
	response := send(t, address, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: "+string(long)+"\r\n\r\n")
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
	require.NoError(t, stop())
}

// Streams last for hours. The read timeout is for what a client sends.
func TestARunningRequestOutlivesTheReadTimeout(t *testing.T) {
	t.Parallel()
	const timeout = 50 * time.Millisecond
	address, stop := servingWith(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
			w.WriteHeader(http.StatusGone)
		case <-time.After(10 * timeout):
		}
	}), ServeOptions{Log: slog.New(slog.DiscardHandler), readTimeout: timeout})
	assert.Equal(t, http.StatusOK, send(t, address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").StatusCode)
	assert.NoError(t, stop())
}
