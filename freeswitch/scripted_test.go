package freeswitch_test

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// scripted is a peer for the dialplan's socket application that says what it is told and understands nothing:
// Countersign on a bad day.
type scripted struct {
	Addr string

	listener net.Listener
	wg       sync.WaitGroup
	mu       sync.Mutex
	conns    []net.Conn
}

// execute is the frame that runs an application.
func execute(application, arguments string) string {
	return "sendmsg\r\nevent-lock: true\r\ncall-command: execute\r\nexecute-app-name: " + application +
		"\r\nexecute-app-arg: " + arguments + "\r\n\r\n"
}

const connect = "connect\r\n\r\n"

// listenAndSay sends every call that comes the same frames at once, in one write, and then reads on and says nothing
// more.
func listenAndSay(t testing.TB, frames ...string) *scripted {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return say(t, l, frames...)
}

// say is listenAndSay on a listener that is there.
func say(t testing.TB, l net.Listener, frames ...string) *scripted {
	t.Helper()
	s := &scripted{Addr: l.Addr().String(), listener: l}
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.wg.Add(1)
			go func() {
				defer s.wg.Done()
				if _, err := c.Write([]byte(strings.Join(frames, ""))); err != nil {
					return
				}
				b := make([]byte, 4096)
				for {
					if _, err := c.Read(b); err != nil {
						return
					}
				}
			}()
		}
	}()
	t.Cleanup(s.Close)
	return s
}

// HangUpOnAll closes the connections, as the end of the process would, and goes on listening.
func (s *scripted) HangUpOnAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

// Close stops listening and closes the connections. It may be called more than once.
func (s *scripted) Close() {
	s.listener.Close()
	s.HangUpOnAll()
	s.wg.Wait()
}
