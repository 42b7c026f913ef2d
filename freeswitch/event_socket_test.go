package freeswitch_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"countersign/freeswitch"
	"countersign/session"

	"github.com/stretchr/testify/require"
)

const inboundPassword = "Spr1ngfield-0451"

// eventSocket plays FreeSWITCH's event socket: each line of script answers one command, in the order of commands, on
// whatever connection they come.
type eventSocket struct {
	Server freeswitch.Server

	t      testing.TB
	answer func(conn int, command string) (frame string)
	l      net.Listener
	wg     sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func startEventSocket(t testing.TB, answer func(conn int, command string) string) *eventSocket {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &eventSocket{t: t, answer: answer, l: l,
		Server: freeswitch.Server{Address: l.Addr().String(), Password: session.NewSecret([]byte(inboundPassword))}}
	s.wg.Add(1)
	go s.accept()
	t.Cleanup(func() {
		l.Close()
		s.cut()
		s.wg.Wait()
	})
	return s
}

func (s *eventSocket) accept() {
	defer s.wg.Done()
	for n := 1; ; n++ {
		c, err := s.l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			defer c.Close()
			hello := "Content-Type: auth/request\n\n"
			in := bufio.NewScanner(c)
			for {
				if _, err := c.Write([]byte(hello)); err != nil || !in.Scan() {
					return
				}
				command := in.Text()
				if !in.Scan() { // the empty line
					return
				}
				if hello = s.answer(n, command); hello == "" {
					return
				}
			}
		}()
	}
}

// cut ends all connections, as a restart of FreeSWITCH does.
func (s *eventSocket) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
}

const loggedIn = "Content-Type: command/reply\nReply-Text: +OK accepted\n\n"

func said(body string) string {
	return fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n%s", len(body), body)
}

// echo lets everybody in and says what was asked.
func echo(_ int, command string) string {
	if rest, ok := strings.CutPrefix(command, "api "); ok {
		return said(rest + "\n")
	}
	return loggedIn
}
