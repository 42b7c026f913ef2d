package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = time.Minute
	maxHeader     = 16 << 10
	// drainTimeout is how long running requests may take to finish when the service stops.
	drainTimeout = 10 * time.Second
)

// Serve serves a listener until ctx ends, and then lets running requests finish. It closes the listener and returns
// nil, or the error that stopped it early. Listen on a loopback address unless there is TLS in front.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("HTTP on %s: %w", l.Addr(), err), s.Close())
	case <-ctx.Done():
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := s.Shutdown(draining)
	if err != nil {
		err = fmt.Errorf("HTTP on %s: requests were still running after %s", l.Addr(), drainTimeout)
		err = errors.Join(err, s.Close())
	}
	<-served
	return err
}
