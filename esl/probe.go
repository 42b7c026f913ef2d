package esl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// What a Probe finds wrong with a server that took the connection.
var (
	// ErrRefusing means that the server closed it at once: it starts or stops, has as many calls as it may, or does not
	// allow this address.
	ErrRefusing = errors.New("it refuses calls now")
	// ErrSilent means that nobody spoke: the server hangs.
	ErrSilent = errors.New("it took the connection and said nothing")
	// ErrForeign means that something else listens there.
	ErrForeign = errors.New("another program listens there")
)

// Probe connects to a server at address, host:port, as FreeSWITCH does, and hangs up once it is greeted. It returns nil
// if calls are taken, one of the errors above, or an error of the connection if nobody listens.
func Probe(ctx context.Context, address string, within time.Duration) error {
	deadline := time.Now().Add(within)
	nc, err := (&net.Dialer{Deadline: deadline}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer nc.Close()
	_ = nc.SetReadDeadline(deadline)
	hello := make([]byte, len(connect))
	_, err = io.ReadFull(nc, hello)
	switch {
	case string(hello) == connect:
		// Hang up as FreeSWITCH does: what is left unread would reset the connection.
		_ = nc.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, nc)
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w for %s", ErrSilent, within)
	case strings.Trim(string(hello), "\x00") == "":
		return ErrRefusing
	}
	return ErrForeign
}
