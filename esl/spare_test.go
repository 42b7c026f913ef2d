package esl

import (
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scarce is a process with so many file descriptors left, and its listener.
type scarce struct {
	left int
	next net.Conn
}

func (s *scarce) open() (io.Closer, error) {
	if s.left == 0 {
		return nil, syscall.EMFILE
	}
	s.left--
	return s, nil
}

func (s *scarce) Close() error { s.left++; return nil }

func (s *scarce) Accept() (net.Conn, error) {
	if s.left == 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	s.left--
	return s.next, nil
}

func (*scarce) Addr() net.Addr { return &net.TCPAddr{} }

func TestTheLastDescriptorIsForCallsThatAreRefused(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	p := &scarce{left: 3, next: near}
	s := &spare{open: p.open}
	for range 2 {
		nc, room, err := s.accept(p)
		require.NoError(t, err)
		assert.NotNil(t, nc)
		assert.True(t, room)
	}
	for range 3 {
		nc, room, err := s.accept(p)
		require.NoError(t, err)
		assert.NotNil(t, nc, "it is taken from the queue")
		assert.False(t, room)
		p.left++ // and closed by the caller
	}
	p.left += 2 // two others end
	_, room, err := s.accept(p)
	require.NoError(t, err)
	assert.True(t, room)
	s.release()
	s.release()
	assert.Equal(t, 2, p.left)
}
