package relay_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/store/relay"
)

// wire carries what clients and NATS say to each other, until it is held, or cut.
type wire struct {
	url  string
	mu   sync.RWMutex // held: what is said stays on the way
	each sync.Mutex
	all  []net.Conn
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	at, err := url.Parse(to)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{url: "nats://" + l.Addr().String()}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", at.Host)
			if err != nil {
				_ = near.Close()
				continue
			}
			w.each.Lock()
			w.all = append(w.all, near, far)
			w.each.Unlock()
			go func() { _, _ = io.Copy(held{w, near}, far); _ = near.Close() }()
			go func() { _, _ = io.Copy(held{w, far}, near); _ = far.Close() }()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); w.cut() })
	return w
}

func (w *wire) cut() {
	w.each.Lock()
	defer w.each.Unlock()
	for _, c := range w.all {
		_ = c.Close()
	}
	w.all = nil
}

type held struct {
	w *wire
	net.Conn
}

func (h held) Write(b []byte) (int, error) {
	h.w.mu.RLock()
	defer h.w.mu.RUnlock()
	return h.Conn.Write(b)
}

func TestWhoWaitsForAnAnswerWaitsNoLongerThanTheConnectionLives(t *testing.T) {
	t.Parallel()
	w := newWire(t, embedded(t).URL())
	s := ready(t, state(t, external(t, w.url), relay.StateOptions{Within: patience}))
	_, err := s.Guard().Put(t.Context(), "a", []byte("1"), 0)
	require.NoError(t, err)
	w.mu.Lock()
	began, waiting := time.Now(), make(chan error, 2)
	go func() { _, _, err := s.Guard().Get(t.Context(), "a"); waiting <- err }()
	go func() { _, err := s.Guard().Put(t.Context(), "a", []byte("2"), 0); waiting <- err }()
	time.AfterFunc(100*time.Millisecond, w.cut)
	for range cap(waiting) {
		require.ErrorIs(t, <-waiting, relay.ErrAway)
	}
	assert.Less(t, time.Since(began), patience/2)
	w.mu.Unlock()
	require.Eventually(t, func() bool { _, _, err := s.Guard().Get(t.Context(), "a"); return err == nil }, patience, 10*time.Millisecond, "and then the next connection counts")
}
