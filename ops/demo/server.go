package demo

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// server serves a part of the demo over HTTP, on a free port of this machine.
type server struct {
	http *http.Server
	url  string
	done chan struct{}
}

func startServer(h http.Handler) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start a server for the demo: %w", err)
	}
	s := &server{
		http: &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second},
		url:  "http://" + l.Addr().String(), done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l)
	}()
	return s, nil
}

func (s *server) close() error {
	err := s.http.Close()
	<-s.done
	return err
}
