// Package wiretest answers "what if the network fails": it puts a wire between clients and a server that a test can
// hold or cut. It is for tests only.
package wiretest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Wire relays TCP between clients and a server.
type Wire struct {
	// Address is where clients connect, HOST:PORT.
	Address string

	way  sync.RWMutex // locked while nothing passes
	slow atomic.Int64 // how long each packet takes
	mu   sync.Mutex
	all  []net.Conn
}

// New makes a wire to a server at HOST:PORT. It is cut when the test ends.
func New(t testing.TB, server string) *Wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &Wire{Address: l.Addr().String()}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				_ = near.Close()
				continue
			}
			w.mu.Lock()
			w.all = append(w.all, near, far)
			w.mu.Unlock()
			go w.carry(near, far)
			go w.carry(far, near)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		w.Cut()
	})
	return w
}

// Hold delays all traffic until Release; nothing is lost.
func (w *Wire) Hold() { w.way.Lock() }

// Release ends Hold.
func (w *Wire) Release() { w.way.Unlock() }

// Slow delays each packet from now on; 0 ends that.
func (w *Wire) Slow(by time.Duration) { w.slow.Store(int64(by)) }

// Cut closes all connections and loses what is on its way. Clients can connect again.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.all {
		_ = c.Close()
	}
	w.all = nil
}

func (w *Wire) carry(from, to net.Conn) {
	_, _ = io.Copy(end{w, to}, from)
	_, _ = to.Close(), from.Close()
}

// end is the receiving side of a connection.
type end struct {
	w *Wire
	net.Conn
}

func (e end) Write(b []byte) (int, error) {
	if by := time.Duration(e.w.slow.Load()); by > 0 {
		timer := time.NewTimer(by)
		<-timer.C
	}
	e.w.way.RLock()
	defer e.w.way.RUnlock()
	return e.Conn.Write(b)
}
