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

// Failure says why an operation failed, in our own words: an error of net/http may quote the URL or the answer.
type Failure struct {
	Operation, Host, What string
	// away: the backend is down or overloaded, which the breaker counts. again: a retry may help. open: the breaker
	// is open.
	away, again, open bool
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s at %s: %s: %s", f.Operation, f.Host, ErrUnavailable, f.What)
}

func (f *Failure) Unwrap() error { return ErrUnavailable }

// gone is the error of an operation whose context ended, with the cause.
type gone struct {
	operation string
	cause     error
}

func (g *gone) Error() string { return g.operation + ": given up: " + g.cause.Error() }

func (g *gone) Unwrap() error { return g.cause }

// explain says in our own words what an error of net/http means, other than a timeout.
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
		return "its name is unknown; check url"
	case errors.As(err, &authority):
		return "its certificate is not signed by an authority that we trust; check tls.ca"
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
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed): // closed while the request was being written
		return "the connection was closed in mid-answer"
	case errors.As(err, &op) && op.Op == "dial":
		return "no connection"
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy gave no connection"
	default:
		return "no HTTP answer; check url and tls"
	}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}
