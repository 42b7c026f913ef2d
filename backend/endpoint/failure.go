package endpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
)

// Failure is why an operation gave nothing. Its sentence is made of our own words: an error of net/http may quote the URL or the answer.
type Failure struct {
	Operation, Host, What string
	// away says that the backend is down or overloaded: the breaker counts it. again says that another try may help, open that the breaker let nothing through.
	away, again, open bool
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s at %s: %s: %s", f.Operation, f.Host, ErrUnavailable, f.What)
}

func (f *Failure) Unwrap() error { return ErrUnavailable }

// gone is an operation that was given up because nobody waits for its answer any more. It says why the context ended.
type gone struct {
	operation string
	cause     error
}

func (g *gone) Error() string { return g.operation + ": given up: " + g.cause.Error() }

func (g *gone) Unwrap() error { return g.cause }

// explain says in our own words what an error of net/http means that is no time-out.
func explain(err error) string {
	var (
		dns       *net.DNSError
		op        *net.OpError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &dns):
		return "its name is not known; check url"
	case errors.As(err, &authority):
		return "its certificate is signed by nobody we trust; check tls.ca"
	case errors.As(err, &name):
		return "its certificate is for another host; check url"
	case errors.As(err, &invalid):
		return "its certificate is not valid (any more, or yet, or for a server)"
	case errors.As(err, &verify):
		return "its certificate cannot be trusted"
	case errors.As(err, &op) && op.Op == "remote error":
		return "it refused the TLS connection; check tls.cert and tls.key"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS there; check url"
	case errors.Is(err, errClientCertificate):
		return errClientCertificate.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed): // the last one while the request is still being written
		return "the connection was closed in mid-answer"
	case errors.As(err, &op) && op.Op == "dial":
		return "no connection"
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy gave no connection"
	default:
		return "no HTTP answer came; check url and tls"
	}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}
