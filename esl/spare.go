package esl

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// spare is a file descriptor that is kept for when there are no others: with it a call is taken from the listener's
// queue and refused, so that FreeSWITCH takes it to an agent. In the queue it would wait until FreeSWITCH gives up.
type spare struct {
	open func() (io.Closer, error) // takes a descriptor
	kept io.Closer                 // nil: there is none
}

func newSpare() *spare { return &spare{open: func() (io.Closer, error) { return os.Open(os.DevNull) }} }

// accept accepts a connection. It returns false if that took the last descriptor: the connection must be closed.
func (s *spare) accept(l net.Listener) (nc net.Conn, room bool, err error) {
	s.keep()
	nc, err = l.Accept()
	if s.kept != nil && (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) {
		s.release()
		nc, err = l.Accept()
		s.keep() // others may have closed theirs meanwhile
	}
	return nc, s.kept != nil, err
}

func (s *spare) keep() {
	if s.kept != nil {
		return
	}
	if file, err := s.open(); err == nil {
		s.kept = file
	}
}

func (s *spare) release() {
	if s.kept != nil {
		_ = s.kept.Close()
		s.kept = nil
	}
}
