package main

import (
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// backlog is how many connections may wait to be accepted: as many as the kernel allows, as for every listener of Go.
const backlog = 1<<16 - 1

// hold keeps the port of a listener and has the kernel refuse connections there until open, so that FreeSWITCH tries its
// next host: one that is accepted and closed takes the caller to a person. Opening twice is harmless.
func hold(l *net.TCPListener, address string) (open func() error) {
	if _, port, err := net.SplitHostPort(address); err == nil && port == "0" {
		return func() error { return nil } // the kernel has chosen it, and nobody knows it yet
	}
	// Linux lets go of the queue of a listener that is shut down, and not of its port.
	if control(l, func(fd int) error { return syscall.Shutdown(fd, syscall.SHUT_RD) }) != nil {
		return closeAll(l)
	}
	return sync.OnceValue(func() error {
		err := control(l, func(fd int) error { return syscall.Listen(fd, backlog) })
		if err != nil {
			return fmt.Errorf("socket.listen %s: %w: another program has taken it meanwhile", address, err)
		}
		return nil
	})
}

// closeAll is hold where the kernel cannot: it closes every connection.
func closeAll(l *net.TCPListener) (open func() error) {
	var closing sync.WaitGroup
	closing.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			_ = nc.Close()
		}
	})
	return sync.OnceValue(func() error {
		_ = l.SetDeadline(time.Now())
		closing.Wait()
		return l.SetDeadline(time.Time{})
	})
}

// control does something with the file descriptor of a listener.
func control(l *net.TCPListener, do func(fd int) error) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}
