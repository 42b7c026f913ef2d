package main

import (
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// signal sends a signal to a process of the site.
func (s *faultSite) signal(p *process, what syscall.Signal) {
	s.t.Helper()
	require.NoError(s.t, p.cmd.Process.Signal(what))
}

// hangForGood stops the service until nobody waits for it any more.
func (s *faultSite) hangForGood() {
	s.signal(s.service, syscall.SIGSTOP)
	s.awaitOver(s.by.callers)
	if s.round%2 == 1 {
		s.service.kill()
		s.service.start()
		return
	}
	s.signal(s.service, syscall.SIGCONT)
}

// awaitEnd waits until the service has ended by itself.
func (s *faultSite) awaitEnd() {
	s.t.Helper()
	select {
	case <-s.service.ended:
		s.cutOff()
	case <-time.After(patience):
		require.FailNow(s.t, "the service goes on")
	}
}
