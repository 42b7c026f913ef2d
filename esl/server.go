package esl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"countersign/session"
)

// Handler runs one call. When it returns, the connection is closed, and a call that was not transferred goes on with
// the dialplan's next action. ctx ends when the caller hangs up or the line is lost, with that as its cause.
type Handler func(ctx context.Context, call session.Call, ch session.Channel)

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("the event-socket server is closed")

// drainTimeout bounds how long calls may take to write their last events after being told to end.
const drainTimeout = 5 * time.Second

// Server takes calls from FreeSWITCH. Make one with NewServer. Its methods may be called from any goroutine.
type Server struct {
	handler Handler
	o       Options

	strangers, tooMany atomic.Uint64

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	calls     map[*liveCall]struct{}
	wg        sync.WaitGroup
}

// liveCall is a connection being served.
type liveCall struct {
	end context.CancelCauseFunc
	nc  net.Conn
}

// NewServer makes a Server that gives each call to h.
func NewServer(h Handler, o Options) *Server {
	return &Server{
		handler: h, o: o.withDefaults(), listeners: map[net.Listener]struct{}{}, calls: map[*liveCall]struct{}{},
	}
}

// Calls is the current number of connections.
func (s *Server) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

// Refused counts the connections that were closed at once: of addresses that may not connect, and of calls that would
// have been too many. FreeSWITCH takes the latter to an agent.
func (s *Server) Refused() (strangers, tooMany uint64) { return s.strangers.Load(), s.tooMany.Load() }

// Serve accepts calls on l until Shutdown, then returns ErrServerClosed. When ctx ends, it ends all calls at once and
// returns the context's cause. It closes l. It retries after errors of accept; only a closed listener ends it.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer l.Close()
	if !s.addListener(l) {
		return ErrServerClosed
	}
	defer s.removeListener(l)
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	backOff, refusing := time.Duration(0), false
	kept := newSpare()
	defer kept.release()
	for {
		nc, room, err := kept.accept(l)
		switch {
		case err == nil && !room:
			_ = nc.Close()
			if s.tooMany.Add(1); !refusing {
				s.o.Log.Error("calls refused, the dialplan takes them to an agent: no file descriptors are left")
			}
			refusing = true
			continue
		case err == nil:
			backOff, refusing = 0, false
			s.accepted(ctx, nc)
			continue
		case ctx.Err() != nil:
			s.endAll(context.Cause(ctx))
			s.wg.Wait()
			return context.Cause(ctx)
		case s.isClosed():
			return ErrServerClosed
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept calls: %w", err)
		}
		backOff = min(max(2*backOff, 5*time.Millisecond), time.Second)
		s.o.Log.Error("cannot accept calls, trying again", "err", err, "in", backOff)
		select {
		case <-ctx.Done():
		case <-time.After(backOff):
		}
	}
}

// Shutdown refuses new calls and waits for the running ones until ctx ends. It ends the rest with session.ErrDraining:
// their connections are closed, and FreeSWITCH takes the callers to an agent. It returns nil if none had to be ended.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	ended := s.endAll(session.ErrDraining)
	select {
	case <-done:
	case <-time.After(drainTimeout):
		return fmt.Errorf("%d calls did not end within %s after being told to", s.Calls(), drainTimeout)
	}
	if ended > 0 {
		return fmt.Errorf("%d calls were still going on; FreeSWITCH takes them to an agent: %w", ended, context.Cause(ctx))
	}
	return nil
}

func (s *Server) endAll(cause error) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.calls {
		c.end(cause)
		_ = c.nc.Close()
	}
	return len(s.calls)
}

// accepted starts a call, or closes the connection if the peer may not connect or there are too many calls. FreeSWITCH
// then goes on with its dialplan.
func (s *Server) accepted(ctx context.Context, nc net.Conn) {
	if !s.allowed(nc.RemoteAddr()) {
		s.strangers.Add(1)
		s.o.Log.Warn("connection refused: the address is not in the allow list", "peer", nc.RemoteAddr().String())
		_ = nc.Close()
		return
	}
	ctx, end := context.WithCancelCause(ctx)
	c := &liveCall{end: end, nc: nc}
	s.mu.Lock()
	full := len(s.calls) >= s.o.MaxCalls
	if full || s.closed {
		s.mu.Unlock()
		end(nil)
		_ = nc.Close()
		if full {
			s.tooMany.Add(1)
			s.o.Log.Error("call refused, the dialplan takes it to an agent: too many calls at once", "limit", s.o.MaxCalls)
		}
		return
	}
	s.calls[c] = struct{}{}
	s.wg.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.wg.Done()
		defer func() {
			s.mu.Lock()
			delete(s.calls, c)
			s.mu.Unlock()
			end(nil)
		}()
		s.serve(ctx, nc, end)
	}()
}

// serve runs one call from connect to the end of its connection. It returns when both of the call's goroutines are
// done.
func (s *Server) serve(ctx context.Context, nc net.Conn, end context.CancelCauseFunc) {
	c := newConn(nc, s.o, end)
	readerDone := make(chan struct{})
	go func() {
		defer close(readerDone)
		defer func() {
			if p := recover(); p != nil {
				s.logPanic("reading from a peer panicked, its call goes to an agent", nc, p)
				c.fail(session.ErrLineLost)
			}
		}()
		c.fail(c.readAll())
	}()
	defer func() {
		if p := recover(); p != nil {
			s.logPanic("a call panicked, the dialplan takes it to an agent", nc, p)
		}
		c.close()
		<-readerDone
		c.keys.drop(0)
	}()
	ch := &channel{c: c}
	call, err := ch.open(ctx)
	if err != nil {
		level := slog.LevelInfo
		if errors.Is(err, errClosed) { // a Probe, or a caller who hung up at once
			level = slog.LevelDebug
		}
		s.o.Log.Log(ctx, level, "connection is not a call", "peer", nc.RemoteAddr().String(), "err", err)
		return
	}
	call.ID, call.Started = s.o.NewCallID(), s.o.Now()
	s.handler(ctx, call, ch)
	c.leave(ctx, readerDone)
}

func (s *Server) logPanic(message string, nc net.Conn, p any) {
	s.o.Log.Error(message, "peer", nc.RemoteAddr().String(), "panic", p, "stack", string(debug.Stack()))
}

func (s *Server) allowed(peer net.Addr) bool {
	a, err := netip.ParseAddrPort(peer.String())
	if err != nil {
		return false
	}
	for _, p := range s.o.Allow {
		if p.Contains(a.Addr().Unmap()) {
			return true
		}
	}
	return false
}

func (s *Server) addListener(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) removeListener(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
