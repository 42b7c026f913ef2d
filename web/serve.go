package web

import (
	"cmp"
	"context"
	"crypto/tls"
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

// ServeOptions say how to serve.
type ServeOptions struct {
	// CertFile and KeyFile (PEM) are for TLS; without them there is none. They may be replaced at any time.
	CertFile, KeyFile string
	Log               *slog.Logger

	readTimeout time.Duration // tests: default readTimeout
}

// Serve serves a listener until ctx ends, and then lets running requests finish. It closes the listener and returns
// nil, or the error that stopped it early. Without TLS, listen on a loopback address unless there is TLS in front.
func Serve(ctx context.Context, l net.Listener, h http.Handler, o ServeOptions) error {
	log := o.Log
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: cmp.Or(o.readTimeout, readTimeout), WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() {
		if o.CertFile == "" {
			served <- s.Serve(l)
			return
		}
		pair := &certificate{cert: o.CertFile, key: o.KeyFile, log: log}
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.get}
		served <- s.ServeTLS(l, "", "")
	}()
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
