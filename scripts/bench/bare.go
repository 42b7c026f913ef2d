package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"countersign/scripts/bench/probe"
)

// bareServers answer calls with the event socket alone: each asks for two entries, sets a variable and hands the call
// on. They return the error with which they end.
var bareServers = map[string]func(net.Listener) error{"eslgo": serveEslgo, "wire": serveWire}

// serveBare is the main function of a bare server, which answers until its input ends.
func serveBare(name string) error {
	serve := bareServers[name]
	if serve == nil {
		return fmt.Errorf("no bare server %q", name)
	}
	if err := probe.Start(); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- serve(l) }()
	if err := untilItListens(l.Addr().String()); err != nil {
		return err
	}
	fmt.Println(l.Addr())
	ended := make(chan struct{})
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); close(ended) }()
	select {
	case err := <-failed:
		return err
	case <-ended:
		return nil
	}
}

func untilItListens(address string) error {
	for range 500 {
		if c, err := net.Dial("tcp", address); err == nil {
			return c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the server does not listen")
}
